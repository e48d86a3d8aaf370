// The way to every screen: at the side, and on a phone along the bottom with the rest behind "More".

import { Link } from "wouter";
import { SCREENS, type Screen } from "../screens/screens";

export interface Counts {
  approvals: number;
  halts: number;
}

interface MenuProps {
  counts: Counts;
  place: string;
  onGo?: () => void;
}

export function Menu({ counts, place, onGo }: MenuProps) {
  const groups = [...new Set(SCREENS.flatMap(({ group }) => group ?? []))];
  return (
    <nav className="menu" aria-label="Screens">
      {groups.map((group) => (
        <div key={group}>
          <h2 className="small soft">{group}</h2>
          <ul className="plain">
            {SCREENS.filter((screen) => screen.group === group).map((screen) => (
              <li key={screen.path}><Way screen={screen} counts={counts} place={place} {...(onGo ? { onGo } : {})} /></li>
            ))}
          </ul>
        </div>
      ))}
      <p className="menu-end small"><a href="/v1/openapi.json">API</a> <a href="/readyz">Readiness</a></p>
    </nav>
  );
}

/** The four that a phone shows at once. */
const TABS = ["/", "/approvals", "/halts", "/decisions"];

export function Tabs({ counts, place, onMore }: Omit<MenuProps, "onGo"> & { onMore: () => void }) {
  return (
    <nav className="tabs" aria-label="Most used">
      {SCREENS.filter(({ path }) => TABS.includes(path)).map((screen) => <Way key={screen.path} screen={screen} counts={counts} place={place} />)}
      <button type="button" onClick={onMore}>More</button>
    </nav>
  );
}

/** What is reached from a screen, and stands at an address of its own. */
const BELOW: { readonly [path: string]: RegExp } = { "/decisions": /^\/orders\// };

function Way({ screen: { path, name, counts: of }, counts, place, onGo }: { screen: Screen; counts: Counts; place: string; onGo?: () => void }) {
  const isBelow = path !== "/" && (place.startsWith(`${path}/`) || BELOW[path]?.test(place) === true);
  const count = of ? counts[of] : 0;
  return (
    <Link href={path} aria-current={place === path ? "page" : isBelow || undefined} onClick={() => onGo?.()}>
      {name}
      {count > 0 && <span className={`count ${of}`}><span className="heard">, </span>{count}<span className="heard"> {of === "approvals" ? "waiting" : "in force"}</span></span>}
    </Link>
  );
}
