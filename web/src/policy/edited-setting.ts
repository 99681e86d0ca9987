import { type QueryKey, useMutation } from "@tanstack/react-query";
import { useEffect, useState } from "react";
import type { Versioned } from "../api/hub.ts";
import { queryClient } from "../api/queries.ts";
import { wasChanged } from "../parts/changed-meanwhile.tsx";

/** How a setting that is replaced as a whole is edited: `Form` is what is typed in place of a `Value`. */
type Setting<Value, Form> = {
  query: { queryKey: QueryKey };
  read: () => Promise<Versioned<Value>>;
  /** Refused with CHANGED_SINCE where `replaces` is no longer in force. */
  write: (value: Value, replaces: string | null) => Promise<Versioned<Value>>;
  formOf: (value: Value) => Form;
  /** Whether the form says another value than that. */
  differs: (form: Form, value: Value) => boolean;
  /** Called after the form shows another value: what was put in force, or what was loaded anew. */
  onShown?: (value: Value) => void;
  onSaved: (value: Value) => void;
  onFailed: (error: unknown) => void;
};

export type EditedSetting<Value, Form> = {
  form: Form;
  setForm: (form: Form) => void;
  /** What the form was opened with. */
  opened: Value;
  isChanged: boolean;
  save: (value: Value) => void;
  isSaving: boolean;
  /** There where nothing was saved because another was put in force since the form was opened; `load` shows that one. */
  refused: { load: () => void; isLoading: boolean } | undefined;
};

/**
 * The form, and the value and version that it was opened with, as one state. What is fetched behind it (after a lost stream,
 * or when the window gets the focus) comes into a form that nobody has changed, with its version. One in which somebody has
 * typed keeps its text and the version from before, so that what others put in force meanwhile is never replaced unseen.
 */
export function useEditedSetting<Value, Form>(
  fetched: Versioned<Value>,
  setting: Setting<Value, Form>,
): EditedSetting<Value, Form> {
  const [edited, setEdited] = useState(() => ({ form: setting.formOf(fetched.value), opened: fetched }));
  const { form, opened } = edited;
  const isChanged = setting.differs(form, opened.value);
  const show = (shown: Versioned<Value>) => {
    setEdited({ form: setting.formOf(shown.value), opened: shown });
    setting.onShown?.(shown.value);
  };
  const save = useMutation({
    mutationFn: (value: Value) => setting.write(value, opened.version),
    onSuccess: async (saved) => {
      // What is being fetched now may have been read before.
      await queryClient.cancelQueries({ queryKey: setting.query.queryKey });
      queryClient.setQueryData(setting.query.queryKey, saved);
      show(saved);
      setting.onSaved(saved.value);
    },
    onError: (error) => {
      if (!wasChanged(error)) setting.onFailed(error);
      // Who now undoes what was typed sees what is in force.
      else void queryClient.invalidateQueries({ queryKey: setting.query.queryKey });
    },
  });
  const loadAnew = useMutation({
    mutationFn: () => queryClient.fetchQuery({ queryKey: setting.query.queryKey, queryFn: setting.read, staleTime: 0 }),
    onSuccess: (inForce) => {
      save.reset();
      show(inForce);
    },
    onError: (error) => setting.onFailed(error),
  });
  useEffect(() => {
    if (fetched.version === opened.version || isChanged || save.isPending) return;
    save.reset();
    show(fetched);
  });
  return {
    form,
    setForm: (changed) => setEdited((now) => ({ ...now, form: changed })),
    opened: opened.value,
    isChanged,
    save: save.mutate,
    isSaving: save.isPending,
    refused: wasChanged(save.error) ? { load: loadAnew.mutate, isLoading: loadAnew.isPending } : undefined,
  };
}
