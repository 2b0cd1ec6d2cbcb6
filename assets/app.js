/** The script of every page. Every page also works without JavaScript. */

import { startAnnouncements } from "./announce.js";
import { startCalendar } from "./calendar.js";
import { startCompletions } from "./completions.js";
import { startDownloads } from "./downloads.js";
import { startForms } from "./forms.js";
import { startShortcuts } from "./shortcuts.js";

startAnnouncements();
startForms();
startCompletions();
startCalendar();
startDownloads();
startShortcuts();

if (document.body.dataset.member) navigator.serviceWorker?.register("/sw.js");
