import { Button, NativeSelect, Popover, TextInput } from "@mantine/core";
import { type FormEvent, type ReactElement, useState } from "react";
import { Icon } from "../parts/icons.tsx";
import { useText } from "../text/language.ts";
import { type AlertFilters, readFilters } from "./alert-filters.ts";

const fields = ["namespace", "container", "node", "technique", "assignee", "source", "muted", "rule"] as const;
type Field = (typeof fields)[number];

/** Adds a filter that is not among the usual chips. */
export function AddFilter({
  filters,
  setFilters,
}: {
  filters: AlertFilters;
  setFilters: (next: AlertFilters) => void;
}): ReactElement {
  const text = useText();
  const [opened, setOpened] = useState(false);
  const [field, setField] = useState<Field>("namespace");
  const [value, setValue] = useState("");
  const choices = useChoices()[field];
  const wanted = value === "" ? (choices?.[0]?.value ?? "") : value.trim();
  const submit = (event: FormEvent) => {
    event.preventDefault();
    const read = readFilters({ [field]: wanted });
    if (read[field] === undefined) return;
    setFilters({ ...filters, ...read });
    setOpened(false);
    setValue("");
  };
  return (
    <Popover opened={opened} onChange={setOpened} position="bottom-start" shadow="md" trapFocus returnFocus>
      <Popover.Target>
        <button type="button" className="chip add" aria-expanded={opened} onClick={() => setOpened(!opened)}>
          <Icon name="plus" size={13} /> {text.alerts.addFilter}
        </button>
      </Popover.Target>
      <Popover.Dropdown>
        <form onSubmit={submit} className="add-filter">
          <NativeSelect
            size="xs"
            aria-label={text.alerts.addFilter}
            value={field}
            onChange={(event) => {
              setField(fields.find((one) => one === event.currentTarget.value) ?? "namespace");
              setValue("");
            }}
            data={fields.map((one) => ({ value: one, label: text.filter[one] }))}
          />
          {choices === undefined ? (
            <TextInput
              size="xs"
              aria-label={text.alerts.value}
              placeholder={field === "technique" ? "T1505.003" : text.alerts.value}
              value={value}
              maxLength={256}
              onChange={(event) => setValue(event.currentTarget.value)}
            />
          ) : (
            <NativeSelect
              size="xs"
              aria-label={text.alerts.value}
              value={wanted}
              onChange={(event) => setValue(event.currentTarget.value)}
              data={choices}
            />
          )}
          <Button type="submit" disabled={wanted === ""}>
            {text.alerts.apply}
          </Button>
        </form>
      </Popover.Dropdown>
    </Popover>
  );
}

function useChoices(): Partial<Record<Field, { value: string; label: string }[]>> {
  const text = useText();
  return {
    source: [
      { value: "syscall", label: text.source.syscall },
      { value: "k8s_audit", label: text.source.k8s_audit },
      { value: "sensor", label: text.source.sensor },
    ],
    muted: [{ value: "true", label: text.filter.mutedOnly }],
  };
}
