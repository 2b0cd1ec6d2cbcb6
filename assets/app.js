/** The script of every page. Every page also works without JavaScript. */

import { startAnnouncements } from "./announce.js";
import { startBadge } from "./badge.js";
import { startCalendar } from "./calendar.js";
import { startCompletions } from "./completions.js";
import { startGrouping } from "./day-sections.js";
import { startDownloads } from "./downloads.js";
import { startForms } from "./forms.js";
import { startNavigation } from "./navigation.js";
import { startPrinting } from "./print.js";
import { startShortcuts } from "./shortcuts.js";
import { startSkips } from "./skips.js";

startAnnouncements();
startNavigation();
startForms();
startCompletions();
startCalendar();
startGrouping();
startDownloads();
startPrinting();
startShortcuts();
startSkips();
startBadge();

if (document.body.dataset.member) navigator.serviceWorker?.register("/sw.js");
