// An event class is a table of columns: the order is the wire order, the type is the wire width.
// One table gives the TypeScript type, the encoder, the decoder and the JSON form, so they cannot drift apart.
//
//   event  := u32 length | u8 class | u8 zero | presence bitmap (1 bit a column) | present columns in table order
//   u8 u16 u32 i32       little endian
//   u53                  u32 low, u32 high (a JavaScript safe integer)
//   bool                 u8, 0 or 1
//   enum                 u8, the index into the values of the table
//   str                  u16 byte length, UTF-8
//   strs                 u16 count, then that many str
//   u53s                 u16 count, then that many u53
//   json                 u32 byte length, UTF-8 (an API record or a sensor's report)

export type NumberType = "u8" | "u16" | "u32" | "i32" | "u53";
export type PlainType = NumberType | "bool" | "str" | "strs" | "u53s" | "json";
export type ColumnType = PlainType | readonly [string, ...string[]];
export type ColumnTable = Readonly<Record<string, ColumnType>>;

export type ColumnValue<T extends ColumnType> = T extends NumberType
  ? number
  : T extends "bool"
    ? boolean
    : T extends "str" | "json"
      ? string
      : T extends "strs"
        ? readonly string[]
        : T extends "u53s"
          ? readonly number[]
          : T extends readonly string[]
            ? T[number]
            : never;

/** A row of a table: every column has a key; `null` is "not known" and is absent on the wire and in JSON. */
export type RowOf<T extends ColumnTable> = { [K in keyof T]: ColumnValue<T[K]> | null };
