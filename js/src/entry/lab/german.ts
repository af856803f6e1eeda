import { NO_SERVER } from "../../ui/text/stillStrings";
import type { Translation } from "./strings";

const LOUDNESS = { off: "aus", quiet: "still", popup: "aufklappend" };

export const GERMAN: Translation = {
  strings: {
    category: "Lokale Modelle",
    title: "Modelle im Speicher",
    open: "Modelle im Speicher zeigen",
    host: "Host",
    allHosts: "Alle Hosts",
    anyHost: "hier gefunden",
    noHost: "LM Studio: nicht verbunden",
    noServer: NO_SERVER.de,
    again: "Noch einmal",
    models: (count) => (count === 1 ? "1 Modell" : `${count} Modelle`),
    nextUnload: (left) => `nächstes Entladen in ${left}`,
    loading: (share) => `lädt ${share}`,
    named: (label) => `Lokale Modelle: ${label}`,
    load: "Laden …",
    loadThis: "Laden",
    unload: "Entladen …",
    unloadThis: "Entladen",
    unloadAll: "Alle entladen",
    unloadBody: (name, users) =>
      `${name} ${users === "" ? "beantwortet eine Anfrage" : `wird benutzt von ${users}`}. Entladen?`,
    unloadAllBody: (count) =>
      count === 1 ? "Die Instanz entladen?" : `Alle ${count} Instanzen entladen?`,
    setTtl: "TTL setzen …",
    pin: "Fixieren oder lösen …",
    deleteModel: "Modell von der Platte löschen …",
    deleteThis: "Löschen",
    deleteBody: (name) => `${name} von der Platte des Hosts löschen?`,
    cancelLoad: "Laufendes Laden abbrechen",
    dismiss: "Fehlermeldungen ausblenden",
    refresh: "Aktualisieren",
    find: "Modelle filtern",
    insertLine: "%lms-Zeile einfügen",
    insertPython: "Python einfügen",
    insertCell: "%%lms-Zelle einfügen",
    copyName: "Kennung kopieren",
    copyKey: "Modellschlüssel kopieren",
    copyLine: "%lms-Zeile kopieren",
    copyPython: "Python kopieren",
    switchHost: "Host wechseln …",
    manageHosts: "Hosts verwalten",
    addHost: "Host hinzufügen …",
    addThis: "Hinzufügen",
    hostName: "Name des Hosts",
    hostAddress: "Adresse (host:port oder https://…)",
    hostToken: "API-Token, falls er eines will",
    renameHost: "Host umbenennen …",
    removeHost: "Host entfernen …",
    removeThis: "Entfernen",
    removeBody: (name) => `${name} aus den Hosts entfernen und sein Token vergessen?`,
    assist: "Diesen Host für Assistenten verwenden",
    assisted: (address, model) =>
      `Clients für OpenAI in diesem Jupyter-Server, etwa die von jupyter-ai, sprechen nun mit ${address}; das Modell heißt dort openai/${model ?? "…"}. Das gilt auch für Kernel, die ab jetzt starten.`,
    openFolder: "Ordner der Modelle öffnen",
    folderIs: (path) => `Die Modelle liegen in ${path} auf dem Rechner des Servers.`,
    copyPath: "Pfad kopieren",
    startEngine: "Eingebaute Engine starten",
    engineRuns: "Die eingebaute Engine läuft.",
    which: "Welche Instanz oder welches Modell",
    minutes: "Entladen nach Leerlauf von (Minuten, 0 für nie)",
    tutorials: "Tutorials zu LM Studio",
    openTutorials: "Tutorials öffnen",
    tutorialsCaption:
      "Die Tutorials (auf Englisch) zu den eigenen Dateien legen, wenn sie dort fehlen, und das erste öffnen",
    nowhere: "Öffne zuerst ein Notebook oder eine Konsole.",
    modelOfNotebook: "Modell, das %%lms und lms_jupyter.llm() in diesem Notebook benutzen",
    lastUsed: "Modell: zuletzt benutztes",
    inMemory: "Im Speicher",
    onDisk: "Auf der Platte",
    notThere: (name) => `${name} (nicht auf diesem Host)`,
    notOnHost: (name) => `Der Host hat ${name} nicht, das Modell dieses Notebooks.`,
    expiring: (name, left) => `${name} wird in ${left} entladen.`,
    keep: "TTL neu starten",
    loaded: (name) => `${name} ist geladen.`,
    use: "Im Notebook verwenden",
    lost: (name) => `${name} antwortet nicht mehr.`,
    show: "Zeigen",
  },
  settings: {
    "": {
      title: "Lokale Modelle",
      description: "Modelle im Speicher: Seitenleiste, Statuszeile und Hinweise.",
    },
    side: {
      title: "Seite",
      description: "Auf welcher Seite die Seitenleiste steht.",
      choices: { left: "links", right: "rechts" },
    },
    hosts: { title: "Gezeigte Hosts (leer: alle eingerichteten)" },
    "hosts.items": { title: "Adresse" },
    ttlMinutes: {
      title: "Entladen nach Leerlauf von (Minuten)",
      description: "Für Modelle, die mit einem Klick geladen werden. 0 ist nie.",
    },
    profile: {
      title: "Voreinstellungen beim Laden",
      description:
        "Für Modelle, die mit einem Klick geladen werden. Die Namen sind die von %lms load, etwa context_length; was fehlt, entscheidet der Host.",
    },
    loadOnOpening: {
      title: "Modell eines Notebooks beim Öffnen laden",
      description: "Das Modell, das in der Werkzeugleiste des Notebooks gewählt ist.",
    },
    units: {
      title: "Einheiten des Speichers",
      description: "Ob ein GB 1000 MB hat oder ein GiB 1024 MiB.",
      choices: { decimal: "dezimal (MB, GB)", binary: "binär (MiB, GiB)" },
    },
    watch: {
      title: "LM Studio abfragen",
      description: "Die eingebaute Engine meldet ihre Änderungen und wird nicht abgefragt.",
      choices: { sidebar: "solange die Seitenleiste sichtbar ist", page: "immer" },
    },
    rhythmSeconds: {
      title: "Abfrageintervall (s)",
      description:
        "Sind mehrere Seiten offen, gilt das kürzeste. Während etwas lädt, wird öfter abgefragt.",
    },
    status: {
      title: "Statuszeile zeigen",
      description:
        "In der Statusleiste die Modelle im Speicher zeigen und wann das nächste entladen wird.",
    },
    insertWhat: {
      title: "Was eingefügt wird",
      description: "Durch „Im Notebook verwenden“ und durch Ziehen einer Zeile in ein Notebook.",
      choices: { line: "%lms-Zeile", python: "Python (SDK von LM Studio)", cell: "%%lms-Zelle" },
    },
    insertWhere: {
      title: "Wo eingefügt wird",
      description: "Bezogen auf die aktive Zelle.",
      choices: { below: "darunter", above: "darüber", cursor: "an ihrem Cursor" },
    },
    notices: {
      title: "Benachrichtigungen",
      description: "Still heißt: nur in der Liste der Benachrichtigungen, ohne aufzuklappen.",
    },
    "notices.expiring": {
      title: "Eine Instanz, die ein offenes Notebook benutzt, wird bald entladen",
      choices: LOUDNESS,
    },
    "notices.loaded": {
      title: "Ein Modell wurde geladen, während die Seitenleiste verborgen war",
      choices: LOUDNESS,
    },
    "notices.lost": {
      title: "Der Host antwortet nicht mehr",
      choices: LOUDNESS,
    },
    noticeSeconds: {
      title: "Vor dem Entladen warnen (s)",
      description: "Eine Instanz mit kaum längerem TTL wird ohne Warnung entladen.",
    },
  },
};
