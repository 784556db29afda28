// Which features of mails some client does not know: node caniemail.mjs PAGE.html... prints their titles, sorted, one a line.
import { readFileSync } from "node:fs";
import { caniemail } from "caniemail";

const titles = new Set();
for (const file of process.argv.slice(2)) {
  const { issues } = caniemail({ clients: ["*"], html: readFileSync(file, "utf8") });
  for (const list of issues.errors.values()) for (const { title } of list) titles.add(title);
}
console.log([...titles].sort().join("\n"));
