// Shows the buttons that copy a feed's address; without this file the addresses can still be selected and followed.
for (const button of document.querySelectorAll("button[data-copy]")) {
  if (!navigator.clipboard) break;
  button.hidden = false;
  const label = button.textContent;
  button.addEventListener("click", async () => {
    await navigator.clipboard.writeText(button.dataset.copy);
    button.textContent = button.dataset.copied;
    setTimeout(() => { button.textContent = label; }, 2000);
  });
}
for (const address of document.querySelectorAll(".address")) {
  address.addEventListener("focus", () => getSelection().selectAllChildren(address));
}
