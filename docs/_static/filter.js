// A field above each long table of a page that shows the rows with the words typed.
document.addEventListener("DOMContentLoaded", () => {
  for (const table of document.querySelectorAll("article table")) {
    const rows = [...table.querySelectorAll("tbody tr")];
    if (rows.length < 20) continue;
    const field = document.createElement("input");
    field.type = "search";
    field.className = "form-control skdl-filter";
    field.placeholder = `Filter ${rows.length} rows, such as: ${rows[0].cells[0].textContent}`;
    field.setAttribute("aria-label", "Filter the table");
    field.addEventListener("input", () => {
      const words = field.value.toLowerCase().split(/\s+/).filter(Boolean);
      for (const row of rows) {
        const text = row.textContent.toLowerCase();
        row.hidden = !words.every((word) => text.includes(word));
      }
    });
    (table.closest(".pst-scrollable-table-container") ?? table).before(field);
  }
});
