/** Prints which file of the package this runtime takes. */
console.log(import.meta.resolve("tallygrad"));
