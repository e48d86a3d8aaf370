import "./design/tokens.css";
import "./design/base.css";
import "./parts/parts.css";
import "./frame/frame.css";
import { StrictMode } from "react";
import { createRoot } from "react-dom/client";
import { holdOwn } from "./api/build";
import { takeLook } from "./design/look";
import { App } from "./frame/App";

holdOwn();
takeLook();
const root = document.getElementById("root");
if (!root) throw new Error("index.html has no root");
createRoot(root).render(<StrictMode><App /></StrictMode>);
