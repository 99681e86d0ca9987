import type { ListedEnrolmentToken } from "@atalaya/wire/api";
import { Button, Modal, NativeSelect, TextInput } from "@mantine/core";
import { useMutation } from "@tanstack/react-query";
import { type FormEvent, type ReactElement, useState } from "react";
import { hub } from "../api/hub.ts";
import { queryClient } from "../api/queries.ts";
import { CopyButton } from "../parts/copy.tsx";
import { failureText } from "../parts/failure.tsx";
import { Icon } from "../parts/icons.tsx";
import { useText } from "../text/language.ts";

const hours = [1, 24, 168] as const;
const goodName = /^[\x21-\x7e]{1,255}$/;

/** Makes a single-use token and shows, once, what to run on the node. */
export function AddNode({ opened, close }: { opened: boolean; close: () => void }): ReactElement {
  const text = useText();
  return (
    <Modal
      opened={opened}
      onClose={close}
      title={text.nodes.add}
      size="lg"
      closeButtonProps={{ "aria-label": text.shell.close }}
    >
      {opened && <AddNodeForm close={close} />}
    </Modal>
  );
}

function AddNodeForm({ close }: { close: () => void }): ReactElement {
  const text = useText();
  const [cluster, setCluster] = useState("");
  const [node, setNode] = useState("");
  const [valid, setValid] = useState<number>(hours[0]);
  const make = useMutation({
    mutationFn: () => hub.makeEnrolmentToken({ cluster, valid_s: valid * 3_600, ...(node === "" ? {} : { node }) }),
    onSuccess: () => void queryClient.invalidateQueries({ queryKey: ["enrolment-tokens"] }),
  });
  if (make.data !== undefined) return <MadeToken token={make.data} close={close} />;
  const ready = goodName.test(cluster) && (node === "" || goodName.test(node));
  const submit = (event: FormEvent) => {
    event.preventDefault();
    if (ready && !make.isPending) make.mutate();
  };
  return (
    <form onSubmit={submit} className="action-form">
      <p>{text.nodes.addText}</p>
      <TextInput
        label={text.nodes.cluster}
        value={cluster}
        maxLength={255}
        spellCheck={false}
        onChange={(event) => setCluster(event.currentTarget.value.trim())}
        data-autofocus
      />
      <div className="side-by-side">
        <TextInput
          label={text.nodes.node}
          placeholder={text.nodes.anyNode}
          value={node}
          maxLength={255}
          spellCheck={false}
          onChange={(event) => setNode(event.currentTarget.value.trim())}
        />
        <NativeSelect
          label={text.nodes.valid}
          value={String(valid)}
          data={hours.map((one) => ({ value: String(one), label: text.nodes.hours(one) }))}
          onChange={(event) => setValid(Number(event.currentTarget.value))}
        />
      </div>
      {make.isError && (
        <p className="login-error" role="alert">
          {failureText(make.error, text)}
        </p>
      )}
      <div className="dialog-buttons">
        <Button variant="default" onClick={close}>
          {text.shell.cancel}
        </Button>
        <Button type="submit" disabled={!ready} loading={make.isPending}>
          {text.nodes.make}
        </Button>
      </div>
    </form>
  );
}

function MadeToken({ token, close }: { token: ListedEnrolmentToken; close: () => void }): ReactElement {
  const text = useText();
  const value = token.token ?? "";
  return (
    <div className="action-form">
      <p>{text.nodes.madeText}</p>
      <div className="command">
        <code className="token">{value}</code>
        <CopyButton value={value} label={text.nodes.copyToken} />
      </div>
      <p className="soft">{text.nodes.runText}</p>
      <pre className="wrapped">
        {`atalaya publisher --hub ${location.origin} --identity /var/lib/atalaya/identity \\
  --enroll-token ./token --cluster ${token.cluster}${token.node === null ? "" : ` --node ${token.node}`} \\
  --socket /run/atalaya/collector.sock --spool /var/lib/atalaya/spool`}
      </pre>
      <p className="soft">
        <Icon name="warning" /> {text.nodes.once}
      </p>
      <div className="dialog-buttons">
        <Button onClick={close}>{text.shell.close}</Button>
      </div>
    </div>
  );
}
