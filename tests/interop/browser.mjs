// What one Chromium sees of mails: node browser.mjs CHROMIUM PAGE.html... writes JSON, {page: sighting}, to standard output.
// Nothing may leave the machine: the name resolver knows no name, and each request that is no file is written down and refused.
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { basename } from "node:path";
import { pathToFileURL } from "node:url";
import { chromium } from "playwright-core";

const AXE = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
const TAGS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"];
const WIDTHS = [320, 375, 600];
const FLAGS = [
  "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
  "--disable-component-update", "--disable-sync", "--host-resolver-rules=MAP * ~NOTFOUND",
];

const judge = async (page) => {
  const found = await page.evaluate((tags) => axe.run(document, { runOnly: tags }), TAGS);
  const short = (results) =>
    results.flatMap((rule) => rule.nodes.map((node) => `${rule.id}: ${node.html} ${node.failureSummary ?? ""}`));
  return { violations: short(found.violations), undecided: short(found.incomplete), passes: found.passes.length };
};

// Each story: from its first line, which stands before the headline, to the next one's.
const stories = (page) => page.evaluate(() => {
  const look = (node) => {
    const { direction, textAlign } = getComputedStyle(node);
    return { text: node.innerText, direction, align: textAlign, links: [...node.querySelectorAll("a")].map((a) => a.href) };
  };
  // Where each part of a line between middle dots was painted.
  const order = (node) => {
    const texts = [];
    const walk = document.createTreeWalker(node, NodeFilter.SHOW_TEXT);
    for (let text = walk.nextNode(); text; text = walk.nextNode()) texts.push(text);
    const at = (offset) => {
      let text = texts[0];
      for (text of texts) {
        if (offset <= text.length) break;
        offset -= text.length;
      }
      return [text, offset];
    };
    let start = 0;
    return node.textContent.split(" · ").map((part) => {
      const range = document.createRange();
      range.setStart(...at(start));
      range.setEnd(...at(start + part.length));
      start += part.length + 3;
      const { left, right, top } = range.getBoundingClientRect();
      return { text: part, middle: (left + right) / 2, top };
    });
  };
  return [...document.querySelectorAll("h3")].map((head) => {
    const parts = [];
    for (let node = head.nextElementSibling; node; node = node.nextElementSibling) {
      if (node.nextElementSibling?.tagName === "H3" || node.tagName === "H3") break;
      parts.push(look(node));
    }
    const first = head.previousElementSibling;
    return { first: { ...look(first), order: order(first) }, head: look(head), parts };
  });
});

// As webmail that keeps least: no style sheet, no isolation, no names, nothing on html and body.
const strip = (page) => page.evaluate(() => {
  document.querySelectorAll("style, meta, link").forEach((node) => node.remove());
  document.querySelectorAll("bdi").forEach((node) => node.replaceWith(...node.childNodes));
  document.querySelectorAll("*").forEach((node) => {
    node.removeAttribute("id");
    node.removeAttribute("class");
  });
  for (const node of [document.documentElement, document.body]) {
    for (const { name } of [...node.attributes]) node.removeAttribute(name);
  }
});

// Where text and rules stand, in CSS pixels of the whole page.
const places = (page) => page.evaluate(() => {
  const found = [];
  const walk = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  for (let node = walk.nextNode(); node; node = walk.nextNode()) {
    if (!/[\p{L}\p{N}]/u.test(node.data)) continue;
    const range = document.createRange();
    range.selectNodeContents(node);
    for (const { x, y, width, height } of range.getClientRects()) {
      if (width > 4 && height > 4) found.push({ kind: "text", what: node.data.trim().slice(0, 40), thick: 0, x, y, width, height });
    }
  }
  for (const node of document.body.querySelectorAll("*")) {
    const style = getComputedStyle(node);
    const box = node.getBoundingClientRect();
    for (const side of ["Top", "Bottom", "Left", "Right"]) {
      const thick = parseFloat(style[`border${side}Width`]);
      if (!thick || style[`border${side}Style`] === "none") continue;
      const flat = side === "Top" || side === "Bottom";
      found.push({
        kind: "rule", what: `${node.tagName.toLowerCase()} ${side.toLowerCase()}`, thick,
        x: side === "Right" ? box.right - thick : flat ? box.left + box.width / 2 : box.left - 3,
        y: side === "Bottom" ? box.bottom - thick - 3 : flat ? box.top - 3 : box.top + box.height / 2,
        width: flat ? 6 : thick + 3, height: flat ? thick + 6 : 6,
      });
    }
  }
  return found;
});

// The contrast that was painted: in each place, of the commonest colour with the one that differs most from it.
const painted = (lens, picture, wanted) => lens.evaluate(async ([data, boxes]) => {
  const image = new Image();
  image.src = `data:image/png;base64,${data}`;
  await image.decode();
  const canvas = new OffscreenCanvas(image.width, image.height);
  const pen = canvas.getContext("2d", { willReadFrequently: true });
  pen.drawImage(image, 0, 0);
  const linear = (c) => (c / 255 <= 0.04045 ? c / 255 / 12.92 : ((c / 255 + 0.055) / 1.055) ** 2.4);
  const light = (rgb) => 0.2126 * linear(rgb >> 16) + 0.7152 * linear((rgb >> 8) & 255) + 0.0722 * linear(rgb & 255);
  return boxes.map(({ kind, what, thick, x, y, width, height }) => {
    const { data: raw } = pen.getImageData(
      Math.round(x), Math.round(y), Math.max(1, Math.round(width)), Math.max(1, Math.round(height)),
    );
    const counts = new Map();
    for (let n = 0; n < raw.length; n += 4) {
      const rgb = (raw[n] << 16) | (raw[n + 1] << 8) | raw[n + 2];
      counts.set(rgb, (counts.get(rgb) ?? 0) + 1);
    }
    const ground = light([...counts].reduce((a, b) => (b[1] > a[1] ? b : a))[0]);
    const contrast = Math.max(...[...counts.keys()].map(light).map((ink) =>
      (Math.max(ink, ground) + 0.05) / (Math.min(ink, ground) + 0.05)));
    return { kind, what, thick, contrast: Math.round(contrast * 100) / 100, ground };
  });
}, [picture.toString("base64"), wanted]);

const [executablePath, ...files] = process.argv.slice(2);
const browser = await chromium.launch({ executablePath, args: FLAGS });
const lens = await (await browser.newContext()).newPage();
const sightings = {};
for (const file of files) {
  const requests = [];
  const context = await browser.newContext({ viewport: { width: 600, height: 800 }, deviceScaleFactor: 1 });
  await context.route("**/*", (route) => {
    const url = route.request().url();
    if (url.startsWith("file:")) return route.continue();
    requests.push(url);
    return route.abort();
  });
  const page = await context.newPage();
  await page.goto(pathToFileURL(file).href);
  const look = async () => painted(lens, await page.screenshot({ fullPage: true }), await places(page));
  const measure = async () => {
    const found = {};
    for (const width of WIDTHS) {
      await page.setViewportSize({ width, height: 800 });
      found[width] = await page.evaluate(() => [document.documentElement.scrollWidth, innerWidth]);
    }
    return found;
  };
  const seen = { widths: await measure(), stories: await stories(page) };
  await page.evaluate(AXE);
  seen.light = await judge(page);
  await page.emulateMedia({ colorScheme: "dark" });
  seen.dark = { ...await judge(page), painted: await look() };
  await page.emulateMedia({ colorScheme: "light" });
  await strip(page);
  seen.stripped = await stories(page);
  seen.strippedWidths = await measure();
  const session = await context.newCDPSession(page);
  await session.send("Emulation.setAutoDarkModeOverride", { enabled: true });
  seen.inverted = await look();
  sightings[basename(file, ".html")] = { ...seen, requests };
  await context.close();
}
await browser.close();
process.stdout.write(JSON.stringify(sightings));
