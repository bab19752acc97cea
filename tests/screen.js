/* What the tests ask a screen, in the browser. Each finding is a text that names the
element. Loaded beside axe-core. */
(() => {
    const STILL = "*, *::before, *::after {animation: none !important;" +
        " transition: none !important; caret-color: transparent !important}";
    // What stands on a screen by itself, whatever the records: none of it may be cut.
    const LABELS = "label, th, button, a.btn, .nav-link, .badge, .o_stat_text, .alert," +
        " .o_horizontal_separator, .o_form_label, .o_group_name, .text-truncate";
    // What our views bring to a screen of Odoo's: by their names.
    const OURS = "[name*='ropo_'], [for*='ropo_'], [data-name*='ropo_'], [id*='ropo_']";
    const CHATTER = ".o-mail-Form-chatter"; // Odoo's on each form
    const pending = new Set(); // calls of the server that have no answer yet

    const frame = () =>
        new Promise((done) => requestAnimationFrame(() => setTimeout(done)));
    const env = () => odoo.__WOWL_DEBUG__?.root?.env;

    async function until(isSo, what) {
        const end = Date.now() + 20000;
        while (!isSo()) {
            if (Date.now() > end) {
                throw new Error(`${what}: waited in vain`);
            }
            await frame();
        }
    }

    /* Until nothing is fetched nor drawn any more. */
    async function settle() {
        for (let quiet = 0; quiet < 3; quiet++) {
            await until(() => !pending.size && !document.querySelector(".o_blockUI"), "rest");
            await frame();
        }
    }

    async function ready() {
        const style = document.createElement("style");
        style.textContent = STILL;
        document.head.append(style);
        if (!document.querySelector(".o_web_client")) {
            return; // the portal
        }
        const {rpcBus} = odoo.loader.modules.get("@web/core/network/rpc");
        rpcBus.addEventListener("RPC:REQUEST", ({detail}) => pending.add(detail.data.id));
        rpcBus.addEventListener("RPC:RESPONSE", ({detail}) => pending.delete(detail.data.id));
        followFiles();
        await until(
            () => env()?.isReady && document.querySelector(".o_action_manager > *"),
            "the web client"
        );
        await settle();
    }

    /* A view that draws a graph loads what does so, and shows nothing until then. */
    function followFiles() {
        const {browser} = odoo.loader.modules.get("@web/core/browser/browser");
        const {fetch} = browser;
        browser.fetch = (...wanted) => {
            const answer = fetch(...wanted);
            pending.add(answer);
            return answer.finally(() => pending.delete(answer));
        };
        const follow = (file) => {
            pending.add(file);
            for (const end of ["load", "error"]) {
                file.addEventListener(end, () => pending.delete(file));
            }
        };
        const isFile = (node) => node.matches?.("script[src], link[rel=stylesheet]");
        new MutationObserver((changes) =>
            changes.forEach(({addedNodes}) => [...addedNodes].filter(isFile).forEach(follow))
        ).observe(document.head, {childList: true});
    }

    /* What the server said, where it is its error. */
    function explain(error) {
        throw error.data ? new Error(`${error.data.message} ${error.data.debug}`) : error;
    }

    /* Opens an action: its XML id, or what a method returned. */
    async function open(action, options = {}) {
        const {doAction} = env().services.action;
        if (document.querySelector(".modal")) {
            await doAction({type: "ir.actions.act_window_close"});
        }
        await doAction(action, {clearBreadcrumbs: true, ...options}).catch(explain);
        await settle();
    }

    /* Presses a button of these records, as their list or form does. */
    async function press(resModel, name, resIds) {
        const {doActionButton} = env().services.action;
        const {user} = odoo.loader.modules.get("@web/core/user");
        const params = {type: "object", resModel, name, resIds, context: user.context};
        await doActionButton(params).catch(explain);
        await settle();
    }

    async function click(selector) {
        const element = root().querySelector(selector);
        if (!element) {
            throw new Error(`There is no ${selector}`);
        }
        element.click();
        await settle();
    }

    const root = () =>
        [...document.querySelectorAll(".modal")].filter(isShown).pop() ||
        document.querySelector(".o_action_manager, #wrapwrap");
    const isShown = (element) => element.checkVisibility({visibilityProperty: true});
    const content = () =>
        [...root().querySelectorAll(".modal-content, .o_content")].find(isShown) || root();

    const shows = (selector) => root().querySelector(selector) !== null;
    const focused = () => describe(document.activeElement);
    const isFocused = (selector) => document.activeElement.matches(selector);
    const appears = (selector) =>
        until(() => document.querySelector(selector) !== null, selector);

    function describe(element) {
        const named = element.closest("[name], [data-name], [for], [id]");
        const name = ["name", "data-name", "for", "id"]
            .map((attribute) => named?.getAttribute(attribute))
            .find(Boolean);
        const text = element.textContent.trim().replace(/\s+/g, " ").slice(0, 40);
        return `${element.localName} ${name || ""} “${text}”`;
    }

    function tabs(whose) {
        const links = [...root().querySelectorAll(".o_notebook .nav-link")];
        return links
            .filter((link) => whose !== "ours" || /ropo/.test(link.getAttribute("name")))
            .map((link) => link.getAttribute("name"));
    }

    /* Whether it counts: "all" does, or what is of "ours" or of "theirs". */
    function counts(element, whose) {
        return whose === "all" || (element.closest(OURS) !== null) === (whose === "ours");
    }

    /* Labels of which a part is not to be seen. */
    function cut(whose) {
        const found = [...content().querySelectorAll(LABELS)].filter(
            (label) => isShown(label) && counts(label, whose) && isCut(label)
        );
        return found.map(describe);
    }

    function isCut(label) {
        const range = document.createRange();
        range.selectNodeContents(label);
        const text = range.getBoundingClientRect();
        if (!label.textContent.trim() || !text.width) {
            return false;
        }
        for (let box = label; box !== content(); box = box.parentElement) {
            const {overflowX} = getComputedStyle(box);
            const {left, right} = box.getBoundingClientRect();
            if (
                ["hidden", "clip"].includes(overflowX) &&
                (text.left < left - 1 || text.right > right + 1)
            ) {
                return true;
            }
        }
        return false;
    }

    /* What is wider than the screen, tables in a frame of their own aside. */
    function wide() {
        const boxes = [document.scrollingElement, root(), content()];
        return boxes
            .filter((box) => box.scrollWidth > box.clientWidth + 1)
            .map((box) => `${describe(box)}: ${box.scrollWidth} of ${box.clientWidth}`);
    }

    /* What axe-core has against the screen, each with a sign by which the same thing
    is recognised on another screen: of a contrast its colours, else what it is. */
    async function inaccessible(rules, whose) {
        const {violations} = await axe.run({include: [content()], exclude: [[CHATTER]]}, {
            runOnly: {type: "rule", values: rules},
            resultTypes: ["violations"],
            elementRef: true,
            preload: false,
        });
        return violations.flatMap(({id, nodes}) =>
            nodes
                .filter(({element}) => counts(element, whose))
                .map(({element, any}) => [`${id} ${sign(element, any)}`, describe(element)])
        );
    }

    function sign(element, reasons) {
        const contrast = reasons.find(({id}) => id === "color-contrast")?.data;
        if (contrast) {
            return `${contrast.fgColor} on ${contrast.bgColor}`;
        }
        const name = element.closest("button, a[name]")?.getAttribute("name") || "";
        const classes = [element, ...element.children].map((one) => one.className);
        return `${element.localName} ${element.type || ""} ${name} ${classes.join(" ")}`;
    }

    window.ropo = {ready, open, press, click, settle, tabs, shows, appears, focused, isFocused, cut, wide, inaccessible};
})();
