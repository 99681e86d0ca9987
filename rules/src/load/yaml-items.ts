import {
  type Document,
  isAlias,
  isMap,
  isNode,
  isScalar,
  isSeq,
  LineCounter,
  type Node,
  parseAllDocuments,
  type Scalar,
  type YAMLMap,
} from "yaml";
import type { RuleFile, RuleProblem } from "../contract.ts";
import { ruleLimits } from "../limits.ts";
import { type ConditionText, type Place, Refused } from "./place.ts";
import { alignedOffset } from "./scalar-offset.ts";
import { tooHeavy } from "./yaml-weight.ts";

/** A mapping of a rule file, read key by key, each refusal with its place. */
export class YamlItem {
  readonly #map: YAMLMap;
  readonly #source: YamlSource;

  constructor(map: YAMLMap, source: YamlSource) {
    this.#map = map;
    this.#source = source;
  }

  get place(): Place {
    return this.#source.place(this.#map);
  }

  keys(): string[] {
    return this.#map.items.map((pair) => (isScalar(pair.key) ? String(pair.key.value) : ""));
  }

  has(key: string): boolean {
    return this.#map.has(key);
  }

  /** The place of a key's value, or of the item when the key is not there. */
  placeOf(key: string): Place {
    const node = this.#node(key);
    return node === undefined ? this.place : this.#source.place(node);
  }

  refuse(key: string, reason: string): never {
    throw new Refused(this.placeOf(key), `\`${key}\` ${reason}`);
  }

  /** A text, or a number or boolean as it is written. */
  text(key: string): string | undefined {
    const node = this.#node(key);
    if (node === undefined) return undefined;
    return this.#source.scalarText(node) ?? this.refuse(key, "is not a text");
  }

  requiredText(key: string): string {
    return this.text(key) ?? this.refuse(key, "is missing");
  }

  boolean(key: string): boolean | undefined {
    const text = this.text(key);
    if (text === undefined || text === "true" || text === "false")
      return text === undefined ? undefined : text === "true";
    return this.refuse(key, "is neither true nor false");
  }

  conditionText(key: string): ConditionText | undefined {
    const node = this.#node(key);
    const text = this.text(key);
    if (node === undefined || text === undefined) return undefined;
    return { text, locate: (offset) => this.#source.placeInside(node, text, offset) };
  }

  /** A list of texts; `quoted` tells the items that are in quotes inside the YAML text, too. */
  texts(key: string): string[] | undefined {
    return this.nodes(key)?.map(
      (node) => this.#source.scalarText(node) ?? this.refuse(key, "holds something that is no text"),
    );
  }

  nodes(key: string): Node[] | undefined {
    const node = this.#node(key);
    if (node === undefined) return undefined;
    if (!isSeq(node)) return this.refuse(key, "is not a list");
    return node.items.map((item) => this.#source.resolved(item) ?? this.refuse(key, "holds something empty"));
  }

  item(key: string): YamlItem | undefined {
    const node = this.#node(key);
    if (node === undefined) return undefined;
    return isMap(node) ? new YamlItem(node, this.#source) : this.refuse(key, "is not a mapping");
  }

  isMapping(key: string): boolean {
    return isMap(this.#node(key));
  }

  isList(key: string): boolean {
    return isSeq(this.#node(key));
  }

  items(key: string): YamlItem[] | undefined {
    return this.nodes(key)?.map((node) =>
      isMap(node) ? new YamlItem(node, this.#source) : this.refuse(key, "holds something that is no mapping"),
    );
  }

  /** A node of `nodes()`: a text, or a list of texts. */
  textOrTexts(node: Node): string | string[] | undefined {
    if (!isSeq(node)) return this.#source.scalarText(node);
    const texts = node.items.map((item) => {
      const inner = this.#source.resolved(item);
      return inner === undefined ? undefined : this.#source.scalarText(inner);
    });
    return texts.includes(undefined) ? undefined : (texts as string[]);
  }

  /** A list of lists: `values: [[a, b], [c, [d, e]]]`. */
  tuples(key: string): (string | string[])[][] {
    return (this.nodes(key) ?? []).map((node) => {
      if (!isSeq(node)) return this.refuse(key, "is not a list of lists");
      return node.items.map((item) => {
        const inner = this.#source.resolved(item);
        const value = inner === undefined ? undefined : this.textOrTexts(inner);
        return value ?? this.refuse(key, "holds something that is no text");
      });
    });
  }

  #node(key: string): Node | undefined {
    return this.#source.resolved(this.#map.get(key, true));
  }
}

export class YamlSource {
  readonly #file: string;
  readonly #text: string;
  readonly #lines = new LineCounter();
  readonly #documents: Document[] = [];
  #untold = 0;
  readonly items: YamlItem[] = [];
  readonly problems: RuleProblem[] = [];

  constructor(file: RuleFile) {
    this.#file = file.path;
    this.#text = file.text;
    if (file.text.length > ruleLimits.fileBytesMax) {
      this.#problem(0, "the file is too large");
      return;
    }
    const heavy = tooHeavy(file.text);
    if (heavy !== undefined) {
      for (let at = 0; at >= 0 && at <= heavy.offset; at = file.text.indexOf("\n", at) + 1 || -1)
        this.#lines.addNewLine(at);
      this.#problem(heavy.offset, heavy.reason);
      return;
    }
    try {
      this.#read();
    } catch (error) {
      // Only the stack can fail the parser: brackets nested by the thousand.
      if (!(error instanceof RangeError)) throw error;
      this.items.length = 0;
      this.#problem(0, "the file is nested too deep");
    }
  }

  #read(): void {
    const documents = parseAllDocuments(this.#text, {
      lineCounter: this.#lines,
      prettyErrors: false,
      logLevel: "error",
      // Its own check compares each key with each; ours is `#checkKeys`.
      uniqueKeys: false,
    });
    if (!Array.isArray(documents)) return;
    for (const document of documents) {
      for (const error of document.errors) this.#problem(error.pos[0], error.message);
      this.#checkKeys(document.contents);
      if (this.problems.length > 0) break;
      this.#documents.push(document);
      const root = document.contents;
      if (root === null || (isScalar(root) && root.value === null)) continue;
      if (!isSeq(root)) {
        this.#problem(
          root.range?.[0] ?? 0,
          "a rule file is a list of items that start with `- rule:`, `- macro:` or `- list:`",
        );
        continue;
      }
      for (const item of root.items) {
        if (isMap(item)) this.items.push(new YamlItem(item, this));
        else this.#problem((item as Node).range?.[0] ?? 0, "this item is not a mapping");
      }
    }
    if (this.problems.length > 0) this.items.length = 0;
    if (this.items.length > ruleLimits.fileItemsMax) {
      this.items.length = 0;
      this.#problem(0, "the file has too many items");
    }
  }

  #checkKeys(node: unknown): void {
    if (isSeq(node)) for (const item of node.items) this.#checkKeys(item);
    if (!isMap(node)) return;
    const seen = new Set<string>();
    for (const { key, value } of node.items) {
      const at = isNode(key) ? (key.range?.[0] ?? 0) : 0;
      const name = isScalar(key) ? String(key.value) : "";
      if (seen.has(name)) this.#problem(at, "Map keys must be unique");
      if (seen.add(name).size > ruleLimits.mappingKeysMax) {
        this.#problem(at, "the mapping has too many keys");
        break;
      }
      this.#checkKeys(value);
    }
  }

  /** The node itself, or what an alias (`*name`) stands for. */
  resolved(node: unknown): Node | undefined {
    if (!isAlias(node)) return isNode(node) ? node : undefined;
    for (const document of this.#documents) {
      const target = node.resolve(document);
      if (target !== undefined) return target;
    }
    return undefined;
  }

  scalarText(node: Node): string | undefined {
    if (!isScalar(node) || node.value === null) return undefined;
    // As written: a list's 0x1f, 1_000 or yes is the text that a condition compares with.
    return typeof node.value === "string" ? node.value : (node.source ?? String(node.value));
  }

  place(node: Node): Place {
    return this.#at(node.range?.[0] ?? 0);
  }

  placeInside(node: Node, text: string, offset: number): Place {
    if (!isScalar(node)) return this.place(node);
    return this.#at(alignedOffset(this.#text, node as Scalar, text, offset));
  }

  #at(offset: number): Place {
    const { line, col } = this.#lines.linePos(offset);
    return { file: this.#file, line: Math.max(1, line), column: Math.max(1, col) };
  }

  #problem(offset: number, reason: string): void {
    const last = ruleLimits.fileProblemsMax - 1;
    if (this.problems.length > last) this.#untold++;
    const more = `${this.#untold} more problems of this file are not told`;
    if (this.#untold > 0) this.problems[last] = { ...this.#at(offset), reason: more };
    else this.problems.push({ ...this.#at(offset), reason });
  }
}
