import type { enWho } from "./en-who.ts";

export const esWho: typeof enWho = {
  doneBy: {
    title: "Quién lo hizo",
    how: { started: "iniciado por", attached: "conectado al proceso", connected: "con un puerto reenviado" },
    howLong: {
      started: "Su sesión inició el proceso, o aquel del que viene.",
      attached: "Estaba conectado al proceso del que viene; la sesión no inició nada.",
      connected: "Tenía mientras tanto un puerto del pod reenviado; para qué, no queda registrado.",
    },
    kind: { exec: "exec", debug: "debug", attach: "attach", "port-forward": "reenvío de puerto" },
    ambiguous: "ambiguo",
    known: "conocido",
    confidence: {
      high: "confianza alta",
      medium: "confianza media",
      low: "confianza baja",
    },
    oneOf: (count: number) =>
      count === 1 ? "Quizá esta sesión:" : `Una de ${count} sesiones, o una que nadie conoce:`,
    reason: {
      only_match: "Nada más encaja, y todo lo de ese momento ha llegado.",
      by_elimination: "Otras encajan también, pero cada una pertenece a otra sesión.",
      still_arriving: "Encaja. Aún pueden llegar otras: se aclara en menos de un minuto.",
      several_sessions: "Había varias sesiones con esta orden abiertas en el contenedor.",
      several_processes:
        "Encajan más procesos que sesiones se conocen: una sonda, o un registro de auditoría que llega tarde.",
      too_many: "Había a la vez más sesiones de las que se pueden distinguir.",
      part_of_alert: "Una parte de esta alerta viene de ella; el resto puede ser de cualquiera.",
      present: "La sesión estaba abierta en ese momento; no se sabe más.",
    },
    started: (users: string) => `por ${users}`,
    maybe: (users: string) => `quizá ${users}`,
    or: " o ",
    more: (count: number) => `${count} más`,
    user: "Usuario",
    actingAs: "Actuando como",
    groups: "Grupos",
    from: "Desde",
    client: "Cliente",
    opened: "Abierta",
    ended: "Cerrada",
    command: "Orden",
    session: "Sesión",
    nobody:
      "No se conoce ninguna sesión en este pod de la que venga. Se corrige sola si el registro de auditoría llega más tarde.",
    line: "entró con la sesión de",
  },
};
