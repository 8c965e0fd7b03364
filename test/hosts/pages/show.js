/** Writes what a page found out into the page, for the test that opened it. */
export function show(result) {
  const element = document.createElement("pre");
  element.id = "result";
  element.textContent = JSON.stringify(result);
  document.body.append(element);
}
