/** Lists of the admin pages: the dialogs of a row open without leaving the list. */

import { startRowForms } from "./row-forms.js";

startRowForms();
