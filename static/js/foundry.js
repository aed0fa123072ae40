import { watchCharts } from "./chart.js";
import { watchChoosing } from "./choose.js";
import { watchCopying } from "./copy.js";
import { watchInbox } from "./inbox.js";
import { watchMenus } from "./menu.js";
import { watchSearch } from "./search.js";
import { watchSession } from "./session.js";
import { watchTheme } from "./theme.js";

for (const watch of [watchCharts, watchChoosing, watchCopying, watchInbox, watchMenus, watchSearch, watchSession, watchTheme]) watch(document);
document.addEventListener("htmx:load", (event) => {
  watchCharts(event.target);
  watchCopying(event.target);
});
