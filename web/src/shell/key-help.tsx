import { Modal } from "@mantine/core";
import { Fragment, type ReactElement } from "react";
import { useText } from "../text/language.ts";

/** The table of keys, on `?`. */
export function KeyHelp({ opened, close }: { opened: boolean; close: () => void }): ReactElement {
  const { keys, shell, alert } = useText();
  const groups: [string, [string, string][]][] = [
    [
      keys.list,
      [
        ["j k", keys.move],
        ["Enter", keys.open],
        ["x", keys.select],
        ["*", keys.all],
        ["a", keys.acknowledge],
        ["r", keys.resolve],
        ["n", keys.newOnes],
        ["/", keys.search],
      ],
    ],
    [
      keys.alert,
      [
        ["j k", `${alert.next}, ${alert.previous.toLowerCase()}`],
        ["a", keys.acknowledge],
        ["r", keys.resolve],
        ["c", keys.comment],
      ],
    ],
    [
      keys.anywhere,
      [
        ["g a · g p · g r · g s · g e", keys.goto],
        ["Esc", keys.escape],
        ["?", keys.help],
      ],
    ],
  ];
  return (
    <Modal opened={opened} onClose={close} title={keys.title} closeButtonProps={{ "aria-label": shell.close }}>
      {groups.map(([title, rows]) => (
        <section key={title} className="keys">
          <h3>{title}</h3>
          <dl>
            {rows.map(([key, meaning]) => (
              <Fragment key={key}>
                <dt>{key.split(" ").map((one) => (one === "·" ? " · " : <kbd key={`${key}${one}`}>{one}</kbd>))}</dt>
                <dd>{meaning}</dd>
              </Fragment>
            ))}
          </dl>
        </section>
      ))}
    </Modal>
  );
}
