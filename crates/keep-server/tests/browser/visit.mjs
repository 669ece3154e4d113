// Drives a real browser through the dashboard. Reads what to do as JSON on standard input, prints each finding on
// a line of its own, and ends with 1 where there is any.
import { readFileSync } from "node:fs";
import { createServer } from "node:http";
import { createRequire } from "node:module";
import { join } from "node:path";

const asked = JSON.parse(readFileSync(0, "utf8"));
const require = createRequire(join(asked.modules, "package.json"));
const { chromium } = require("playwright-core");
const axe = readFileSync(require.resolve("axe-core/axe.min.js"), "utf8");

const PATIENCE_MS = 20_000;
const LOOKS = [
  { name: "light", colorScheme: "light", viewport: { width: 1280, height: 860 } },
  { name: "dark", colorScheme: "dark", viewport: { width: 1280, height: 860 } },
  { name: "phone", colorScheme: "light", viewport: { width: 390, height: 844 }, isMobile: true, hasTouch: true },
];
const findings = [];
const find = (where, what) => findings.push(`${where}: ${what}`);

// Nothing of the machine's own is asked for: no proxy, no sandbox where there is only root, no first-run pages.
const browser = await chromium.launch({
  executablePath: asked.chromium,
  args: ["--no-proxy-server", "--disable-gpu", "--hide-scrollbars", ...(process.getuid() === 0 ? ["--no-sandbox"] : [])],
});

/** A page that tells whatever goes wrong on it. */
async function watched(context, where) {
  const page = await context.newPage();
  page.setDefaultTimeout(PATIENCE_MS);
  page.on("console", (said) => {
    if (said.type() === "error" || said.type() === "warning") find(where(), `console: ${said.text()}`);
  });
  page.on("pageerror", (error) => find(where(), `script: ${error}`));
  page.on("requestfailed", (request) => {
    const why = request.failure()?.errorText;
    // A stream of events ends when its page is left.
    if (why !== "net::ERR_ABORTED") find(where(), `${request.url()} failed: ${why}`);
  });
  await page.addInitScript(() => {
    document.addEventListener("securitypolicyviolation", (event) => {
      console.error(`policy: ${event.violatedDirective} ${event.blockedURI} ${event.sample}`);
    });
  });
  return page;
}

async function signIn(page, code) {
  await page.goto(asked.dashboard);
  await page.fill("#code", code);
  await Promise.all([page.waitForURL((url) => url.pathname === "/"), page.click("main button")]);
}

/** What the rules of accessibility find that shuts people out. */
async function accessible(page, where) {
  await page.evaluate(axe);
  const { violations } = await page.evaluate(() => window.axe.run(document, { resultTypes: ["violations"] }));
  for (const one of violations.filter((one) => ["serious", "critical"].includes(one.impact))) {
    for (const node of one.nodes) find(where, `${one.id}: ${node.target} ${node.failureSummary}`);
  }
}

/** Every page in every look. */
async function visits(state) {
  for (const look of LOOKS) {
    let where = look.name;
    const context = await browser.newContext({ ...look, storageState: state, reducedMotion: "reduce" });
    const page = await watched(context, () => where);
    for (const { name, path, status } of asked.pages) {
      where = `${name} (${look.name})`;
      const answer = await page.goto(new URL(path, asked.dashboard).href, { waitUntil: "load" });
      if (answer.status() !== (status ?? 200)) find(where, `status ${answer.status()}`);
      const over = await page.evaluate(() => document.scrollingElement.scrollWidth - window.innerWidth);
      if (over > 0) find(where, `${over} pixels wider than the screen`);
      const html = await page.content();
      if (/ style="| on[a-z]+="/.test(html)) find(where, "something is inline");
      await accessible(page, where);
      await page.screenshot({ path: join(asked.screenshots, `${name}-${look.name}.png`), fullPage: true });
    }
    await context.close();
  }
}

/** Every page without a script: the same words, and its forms. */
async function withoutScripts(state) {
  let where = "";
  const context = await browser.newContext({ storageState: state, javaScriptEnabled: false });
  const page = await watched(context, () => where);
  for (const { name, path } of asked.pages) {
    where = `${name} (no script)`;
    await page.goto(new URL(path, asked.dashboard).href, { waitUntil: "load" });
    if ((await page.locator("h1").count()) !== 1) find(where, "no heading");
    if (!(await page.locator("main").innerText()).trim()) find(where, "nothing to read");
  }
  await context.close();
}

/** What a person does, step by step. */
async function ways(state) {
  let where = "";
  const context = await browser.newContext({ storageState: state, viewport: LOOKS[0].viewport });
  const page = await watched(context, () => where);
  const at = (path) => new URL(path, asked.dashboard).href;
  const way = async (name, walk) => {
    where = name;
    try {
      await walk();
    } catch (error) {
      find(name, String(error).split("\n").slice(0, 4).join(" / "));
      await page.screenshot({ path: join(asked.screenshots, `failed-${name.replaceAll(" ", "-")}.png`) });
    }
  };

  await way("the keyboard reaches the page", async () => {
    await page.goto(at("/"));
    await page.keyboard.press("Tab");
    const first = await page.evaluate(() => document.activeElement.textContent);
    if (!first.includes("Skip")) find(where, `the first stop is ${first}`);
    await page.keyboard.press("Enter");
    if (!(await page.evaluate(() => location.hash === "#main"))) find(where, "the skip link leads nowhere");
  });

  await way("a search as it is typed", async () => {
    await page.goto(at("/memories"));
    await page.locator("#q").pressSequentially(asked.search.words, { delay: 15 });
    await page.waitForFunction((text) => document.querySelector("#found")?.textContent.includes(text), asked.search.finds);
    await page.locator("#found details summary").first().click();
    await page.locator("#found details[open] table").first().waitFor();
    await page.screenshot({ path: join(asked.screenshots, "memories-searched-light.png"), fullPage: true });
  });

  await way("a command is approved", async () => {
    await page.goto(at("/approvals"));
    const before = await page.title();
    if (!/^\(\d+\)/.test(before)) find(where, `no count in the title: ${before}`);
    await page.locator(`a[href="${asked.approve}"]`).first().click();
    await page.waitForURL((url) => url.pathname === asked.approve);
    await page.locator('button[value="once"]').click();
    await page.getByText("Approved", { exact: false }).first().waitFor();
    await page.screenshot({ path: join(asked.screenshots, "approval-answered-light.png"), fullPage: true });
  });

  await way("a proof is followed and the log verified", async () => {
    await page.goto(at("/activity"));
    await page.locator('tbody a[href^="/activity/"]').first().click();
    await page.getByRole("heading", { name: "Proof" }).waitFor();
    await page.goto(at("/activity"));
    await page.getByRole("button", { name: "Verify" }).click();
    await page.getByText("holds", { exact: false }).first().waitFor();
    await page.screenshot({ path: join(asked.screenshots, "activity-verified-light.png"), fullPage: true });
  });

  await way("a page on another port neither gets the session nor rides on it", async () => {
    const got = [];
    const target = new URL("/sign-out", asked.dashboard).href;
    const form = `<form method="post" action="${target}"><input name="form_key" value="x"></form><h1>other</h1>`;
    const other = createServer((request, answer) => {
      got.push(request.headers.cookie ?? "");
      answer.setHeader("Content-Type", "text/html");
      answer.end(form);
    });
    await new Promise((listens) => other.listen(0, "127.0.0.1", listens));
    try {
      for (const host of ["localhost", "127.0.0.1", "another.localhost"]) {
        // Its own context has the cookie; a page of ours is not where a foreign error is noted.
        const stranger = await context.newPage();
        await stranger.goto(`http://${host}:${other.address().port}/`);
        const [answer] = await Promise.all([
          stranger.waitForResponse((response) => response.url() === target),
          stranger.evaluate(() => document.querySelector("form").submit()),
        ]);
        if (![401, 403].includes(answer.status())) find(where, `${host} signed out with ${answer.status()}`);
        await stranger.close();
      }
    } finally {
      other.close();
    }
    if (got.some(Boolean)) find(where, `another port got ${got}`);
    await page.goto(at("/"));
    if ((await page.locator("#waiting").count()) !== 1) find(where, "the session was ended from elsewhere");
  });

  if (asked.again) {
    await way("a run is started again and watched", async () => {
      await page.goto(at(asked.again.path));
      await page.getByRole("button", { name: "Run again" }).click();
      await page.waitForURL((url) => url.pathname.startsWith("/runs/run_") && url.pathname !== asked.again.path);
      await page.getByText(asked.again.says, { exact: false }).first().waitFor();
      await page.locator("#processes code").first().waitFor();
      await accessible(page, where);
      await page.screenshot({ path: join(asked.screenshots, "run-live-light.png"), fullPage: true });
      await page.getByRole("button", { name: "Stop it" }).click();
      await page.locator(".badge", { hasText: "stopped" }).waitFor();
      await page.screenshot({ path: join(asked.screenshots, "run-stopped-light.png"), fullPage: true });
      await page.goto(at("/runs?as=tree"));
      await page.locator(".tree summary").first().click();
      if (await page.locator(".tree details").first().getAttribute("open")) find(where, "the tree does not fold");
      await page.locator(".tree summary").first().click();
      await page.screenshot({ path: join(asked.screenshots, "runs-tree-again-light.png"), fullPage: true });
    });
  }

  await way("a setting is changed once its change was seen", async () => {
    await page.goto(at("/settings"));
    const item = page.locator('[id="approvals.expiry"]');
    await item.locator("summary").click();
    await item.locator("input[name=value]").fill("soon");
    await item.getByRole("button", { name: "Look at the change" }).click();
    await page.locator(".wrong").waitFor();
    // What is wrong with a form is answered with 422, which the browser notes.
    findings.splice(0, findings.length, ...findings.filter((one) => !one.includes("422")));
    await accessible(page, where);
    await page.screenshot({ path: join(asked.screenshots, "setting-wrong-light.png") });
    const again = page.locator('[id="approvals.expiry"]');
    await again.locator("input[name=value]").fill("20m");
    await again.getByRole("button", { name: "Look at the change" }).click();
    await page.getByRole("heading", { name: "Change this setting?" }).waitFor();
    await accessible(page, where);
    await page.screenshot({ path: join(asked.screenshots, "setting-change-light.png"), fullPage: true });
    await page.setViewportSize(LOOKS[2].viewport);
    await page.screenshot({ path: join(asked.screenshots, "setting-change-phone.png"), fullPage: true });
    await page.setViewportSize(LOOKS[0].viewport);
    await page.getByRole("button", { name: "Change it" }).click();
    await page.getByText("Your file is changed").waitFor();
    await page.screenshot({ path: join(asked.screenshots, "setting-changed-light.png") });
  });

  await way("a token is made, shown once and revoked", async () => {
    await page.goto(at("/tokens"));
    await page.fill("#principal", "agent:visitor");
    await page.fill("#namespaces", "project:demo");
    await page.getByRole("button", { name: "Make the token" }).click();
    await page.locator(".once").waitFor();
    if (!(await page.locator(".once").innerText()).startsWith("keep_")) find(where, "no token is shown");
    await page.screenshot({ path: join(asked.screenshots, "token-made-light.png"), fullPage: true });
    await page.goto(at("/tokens"));
    if (await page.locator(".once").count()) find(where, "the token is shown twice");
    const row = page.locator(".tokens > li", { hasText: "agent:visitor" });
    await row.getByRole("button", { name: "Revoke" }).click();
    await page.getByText("Tokens that are no good any more").click();
    await page.locator(".tokens > li", { hasText: "agent:visitor" }).getByText("revoked").waitFor();
  });

  await way("promises are checked one after another", async () => {
    await page.goto(at("/attest"));
    await page.getByRole("button", { name: "Check every promise" }).click();
    await page.locator("td .badge.good").nth(1).waitFor({ timeout: 60_000 });
    await page.screenshot({ path: join(asked.screenshots, "attest-checked-light.png"), fullPage: true });
  });
  await context.close();
}

try {
  const context = await browser.newContext();
  const page = await watched(context, () => "signing in");
  await page.goto(asked.dashboard);
  // Who is not signed in is answered with 401, which the browser notes.
  findings.length = 0;
  await accessible(page, "signing in");
  await page.screenshot({ path: join(asked.screenshots, "sign-in-light.png") });
  await signIn(page, asked.code);
  findings.splice(0, findings.length, ...findings.filter((one) => !one.includes("401")));
  const state = await context.storageState();
  await context.close();
  await visits(state);
  await withoutScripts(state);
  await ways(state);
} catch (error) {
  find("the browser", String(error));
} finally {
  await browser.close();
}
for (const finding of [...new Set(findings)]) console.log(finding);
process.exitCode = findings.length ? 1 : 0;
