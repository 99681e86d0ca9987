/** Files below /opt/names of the victim's image, each with one name to ask for. Attack and twin differ in the domain. */
export const nameFiles = {
  "test-domain": "ti-domain.atalaya.test",
  "domain-above": "atalaya.test",
  suspect: "www.ti-suspect.atalaya.test",
  "test-network": "www.atalaya.test",
  pool: "gulf.moneroocean.stream",
  "pool-of-cars": "gulf.motorocean.example",
  "out-of-band": "c23b2la0kl1krjcrdj10cndmnioyyyyyn.oast.pro",
  "in-band": "c23b2la0kl1krjcrdj10cndmnioyyyyyn.example",
  onion: "duckduckgogg42xjoc72x3sjasowoarfbgcmvfimaftt6twagswzczad.onion",
  "onion-shop": "duckduckgogg42xjoc72x3sjasowoarfbgcmvfimaftt6twagswzczad.example",
} as const;
