/** What the browser adds to Atlas. Every page works without it: it makes ticks instant and forms kinder. */

import { startCalendar } from "./calendar.js";
import { startTicks } from "./completions.js";
import { startForms } from "./forms.js";
import { startShortcuts } from "./shortcuts.js";

startForms();
startTicks();
startCalendar();
startShortcuts();

if (document.body.dataset.member) navigator.serviceWorker?.register("/sw.js");
