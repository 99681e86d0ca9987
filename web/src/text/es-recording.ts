import type { enRecording } from "./en-recording.ts";

export const esRecording: typeof enRecording = {
  recording: {
    title: "Registrador",
    intro:
      "Lo que hicieron algunos contenedores en los últimos diez minutos. Queda en su nodo hasta que una alerta lo pide.",
    policy: "A quién se graba",
    policyText:
      "Se graba un contenedor donde se cumple uno de los ámbitos. En un patrón, * es cualquier cosa y ? un carácter; un patrón por línea. Lo que se deja vacío vale para todo.",
    none: "No hay ningún ámbito en vigor: no se graba a nadie.",
    noneThen: "Sin ningún ámbito no se graba a nadie.",
    noneHint: "Nombre los contenedores cuyos últimos minutos querría ver junto a una alerta.",
    scope: (place, name) => (name === "" ? `Ámbito ${place}` : `Ámbito ${place}: ${name}`),
    scopeWord: "Ámbito",
    name: "Nombre",
    remove: (scope) => `Quitar: ${scope}`,
    add: "Añadir un ámbito",
    everything: "No se nombra nada: este ámbito vale para cada contenedor de cada nodo.",
    putInForce: "Poner en vigor",
    discard: "Deshacer mis cambios",
    notYet: "Aún no está en vigor.",
    asInForce: "Esto está en vigor.",
    inForce: (count) => `En vigor: ${count} ${count === 1 ? "ámbito" : "ámbitos"}. Llega a los nodos en unos segundos.`,
    changedMeanwhile:
      "Otra persona cambió los ámbitos desde que usted los abrió. Los suyos no se pusieron en vigor y los otros siguen intactos. Cárguelos de nuevo y haga en ellos su cambio; lo escrito aquí se pierde entonces.",
    nodes: "En los nodos",
    noNodes: "Ningún nodo envía aún a este hub.",
    sum: (containers, nodes) =>
      containers === 0
        ? "Ahora no se graba ningún contenedor."
        : `Ahora se ${containers === 1 ? "graba" : "graban"} ${containers} ${containers === 1 ? "contenedor" : "contenedores"}, en ${nodes} ${nodes === 1 ? "nodo" : "nodos"}.`,
    containers: (count, of) => `${count} ${of === 1 ? "contenedor" : "contenedores"} ahora`,
    nothingYet: "Aún no se grabó nada.",
    notSaid: "No dice qué guarda.",
    full: "Cuánto ocupa el registrador",
    held: (bytes, most) => `${bytes} de ${most}`,
    refusedFrames: (count) => `${count} tramas grabadas se rechazaron`,
    more: (count) => `${count} más: vea los sensores`,
    kept: {
      title: "Qué se guarda",
      what: "Qué",
      whatIs:
        "Programas que empiezan y acaban, archivos abiertos para escribir, conexiones, datagramas, puertos a la escucha y todo lo que pide una regla. Los secretos se tachan.",
      back: "Cuánto tiempo",
      backIs: (time) => `${time}; después se borra`,
      where: "Dónde",
      whereIs:
        "En la carpeta del publicador en el nodo, hasta el tamaño que se dice de él; si falta disco, es lo primero que se borra.",
      alert: "En una alerta",
      alertIs: (count) => `Los ${count} eventos más recientes del contenedor, tanto tiempo como la alerta`,
    },
  },
};
