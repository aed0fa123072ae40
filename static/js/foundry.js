import { watchCharts } from "./chart.js";
import { watchChoosing } from "./choose.js";
import { watchCopying } from "./copy.js";
import { watchInbox } from "./inbox.js";
import { watchMenus } from "./menu.js";
import { watchScrolling } from "./scroll.js";
import { watchSearch } from "./search.js";
import { watchSession } from "./session.js";
import { watchTheme } from "./theme.js";

const all = [watchCharts, watchChoosing, watchCopying, watchInbox, watchMenus, watchScrolling, watchSearch, watchSession, watchTheme];
for (const watch of all) watch(document);
document.addEventListener("htmx:load", (event) => {
  watchCharts(event.target);
  watchCopying(event.target);
  watchScrolling(event.target);
});
