import "../src/ui/panel.css";
import "./lab.css";
