export { Inventory, type InventoryOptions } from "./src/inventory.ts";
export { type ObjectRow, rowOfObject } from "./src/row-of-object.ts";
