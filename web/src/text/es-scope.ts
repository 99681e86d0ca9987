import type { enScope } from "./en-scope.ts";

export const esScope: typeof enScope = {
  leaving: {
    title: "¿Salir sin guardar?",
    lost: "Lo que cambió aquí aún no está en vigor y se pierde si sale.",
    stay: "Quedarse",
    leave: "Salir y perderlo",
  },
  scope: {
    lists: {
      clusters: "Clústeres",
      namespaces: "Espacios de nombres",
      pods: "Pods",
      containers: "Contenedores",
      images: "Imágenes",
      labels: "Etiquetas (clave=patrón)",
    },
    anything: "todo",
    noName: "aún no tiene nombre",
    keyRepeated: (key: string) =>
      `la etiqueta ${key} está en varias líneas; admite un solo patrón, y otros valores necesitan su propia fila`,
    pattern: (place) => `línea ${place}`,
    issues: {
      rules_same_name: () => "dos reglas tienen el mismo nombre",
      scopes_same_name: () => "dos ámbitos tienen el mismo nombre",
      policy_too_long: (max) => `todos los ámbitos juntos tienen más de ${max} caracteres`,
      blocking_policy_too_long: (max) => `una política que bloquea tiene como mucho ${max} caracteres`,
      no_label_key: () => "no es la clave de una etiqueta; cada línea es clave=patrón",
      no_label: () => "no se nombra ninguna etiqueta",
      too_many_labels: (max) => `más de ${max} etiquetas`,
      block_welcomes: () => "bloquear no admite programas bienvenidos: el kernel mira contenedores, no rutas",
      trial_blocks: () => "solo lo que bloquea puede estar a prueba",
      empty: () => "está vacío",
      too_long: (max) => `tiene más de ${max} caracteres`,
      too_many: (max) => `son más de ${max}`,
    },
    changedTitle: "Quién la cambió",
    changedNone: "Nadie, hasta donde llegan los cambios más recientes.",
  },
};
