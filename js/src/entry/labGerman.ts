import { NO_SERVER } from "../ui/stillStrings";
import type { Translation } from "./labStrings";

export const GERMAN: Translation = {
  strings: {
    category: "Lokale Modelle",
    title: "Modelle im Speicher",
    open: "Modelle im Speicher zeigen",
    host: "Host",
    anyHost: "hier gefunden",
    noHost: "kein Modell-Host",
    noServer: NO_SERVER.de,
    again: "Noch einmal",
    models: (count) => (count === 1 ? "1 Modell" : `${count} Modelle`),
    nextUnload: (left) => `nächstes geht in ${left}`,
    loading: (share) => `lädt ${share}`,
    load: "Modell laden …",
    loadThis: "Laden",
    unload: "Instanz entladen …",
    unloadThis: "Entladen",
    unloadAll: "Alle entladen",
    unloadAllBody: (count) => (count === 1 ? "Die Instanz entladen?" : `Alle ${count} entladen?`),
    setTtl: "Zeit einer Instanz neu zählen …",
    pin: "Instanz anheften oder lösen …",
    cancelLoad: "Laufendes Laden abbrechen",
    dismiss: "Fehlermeldungen ausblenden",
    refresh: "Host erneut ansehen",
    find: "Modell suchen",
    insertLine: "%lms-Zeile einfügen",
    insertPython: "Python einfügen",
    insertCell: "%%lms-Zelle einfügen",
    copyName: "Namen kopieren",
    copyLine: "%lms-Zeile kopieren",
    copyPython: "Python kopieren",
    switchHost: "Anderen Host wählen …",
    startEngine: "Eingebaute Engine starten",
    engineRuns: "Die eingebaute Engine läuft.",
    which: "Welches?",
    minutes: "Minuten ohne Nutzung, 0 für nie",
    tutorials: "Tutorials zu LM Studio",
    tutorialsCaption:
      "Die Tutorials (auf Englisch) zu den eigenen Dateien legen, wenn sie dort fehlen, und das erste öffnen",
    nowhere: "Öffne zuerst ein Notebook oder eine Konsole.",
    expiring: (name, left) => `${name} verlässt den Speicher in ${left}.`,
    keep: "Behalten",
    loaded: (name) => `${name} ist im Speicher.`,
    use: "Im Notebook verwenden",
    lost: (name) => `${name} antwortet nicht mehr.`,
    show: "Zeigen",
  },
  settings: {
    "": {
      title: "Lokale Modelle",
      description: "Modelle im Speicher: die Seitenleiste, ihre Statuszeile und ihre Hinweise.",
    },
    side: { title: "Seite", description: "Auf welcher Seite die Seitenleiste steht." },
    hosts: {
      title: "Gezeigte Hosts, von denen des Jupyter Servers; keiner genannt heißt alle",
    },
    "hosts.items": { title: "Adresse" },
    ttlMinutes: {
      title: "Entladen nach (Minuten ohne Nutzung)",
      description: "Für Modelle, die mit einem Klick geladen werden; 0 behält sie.",
    },
    profile: {
      title: "Einstellungen beim Laden mit einem Klick",
      description:
        "Mit ihren Namen aus %lms load, etwa context_length; was nicht genannt ist, entscheidet der Host.",
    },
    units: {
      title: "Einheiten des Speichers",
      description: "Dezimal zählt GB zu 1000 MB, binär GiB zu 1024 MiB.",
    },
    watch: {
      title: "Den Host fragen",
      description:
        "Solange die Seitenleiste zu sehen ist, oder immer, solange diese Seite es ist. Hosts, die von selbst berichten, werden so oder so nicht gefragt.",
    },
    rhythmSeconds: {
      title: "Sekunden zwischen zwei Fragen",
      description:
        "Wenn sich nichts tut. Sehen mehrere Seiten zu, gilt die kürzeste; während etwas lädt, wird öfter gefragt.",
    },
    status: {
      title: "Statuszeile zeigen",
      description:
        "In der Statusleiste sagen, was im Speicher ist und wann die nächste Instanz geht.",
    },
    insertWhat: {
      title: "Einfügen",
      description:
        "Was „Im Notebook verwenden“ und das Ziehen einer Zeile schreiben: die %lms-Zeile, Python für das SDK von LM Studio, oder eine %%lms-Zelle.",
    },
    insertWhere: {
      title: "Wo einfügen",
      description: "In einer neuen Zelle unter oder über der aktiven, oder an ihrem Cursor.",
    },
    notices: {
      title: "Hinweise",
      description: "Aus, still in der Liste der Benachrichtigungen, oder aufklappend.",
    },
    "notices.expiring": {
      title: "Eine Instanz, die ein offenes Notebook verwendet, geht bald",
    },
    "notices.loaded": {
      title: "Ein Modell ist geladen, während die Seitenleiste nicht zu sehen war",
    },
    "notices.lost": { title: "Der Host antwortet nicht mehr" },
    noticeSeconds: {
      title: "Wie viele Sekunden vorher gewarnt wird",
      description: "Bevor eine Instanz geht. Wer kaum länger lebt, geht ohne Warnung.",
    },
  },
};
