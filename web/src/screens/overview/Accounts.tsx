// Equity and today's profit or loss of each account, and how it came about.

import { lazy, Suspense } from "react";
import { Link } from "wouter";
import { useAsked } from "../../api/use";
import { Asked } from "../../parts/Asked";
import { Badge } from "../../parts/Banner";
import { Money } from "../../parts/Money";
import type { AccountRow, Total } from "../../api/schema";

const Equity = lazy(() => import("./Equity"));

export function Accounts() {
  const accounts = useAsked("GET /v1/accounts", {});
  const totals = useAsked("GET /v1/positions", { by: "account" });
  return (
    <Asked of={accounts} none={<>No account yet. <Link href="/start">Start</Link> adds the first, with play money; on the machine it is <code>remit account add</code>.</>}>
      {({ items }) => (
        <ul className="plain grid accounts">
          {items.map((account) => (
            <li key={account.name} className="section">
              <Account account={account} total={totals.data?.totals.find(({ subject }) => subject === `account:${account.name}`)} />
            </li>
          ))}
        </ul>
      )}
    </Asked>
  );
}

/** All figures of one answer, and so of one moment; what an account has and made in all stands in both, and comes first by itself. */
function Account({ account, total }: { account: AccountRow; total: Total | undefined }) {
  const { name, environment, currency } = account;
  const [equity, pnl] = [total?.equity ?? account.equity, total?.pnl ?? account.pnl];
  return (
    <>
      <h2 className="row apart">
        <span>{name}</span>
        <Badge tone={environment === "live" ? "bad" : "main"}>{environment}</Badge>
      </h2>
      <dl className="figures">
        <div className="first"><dt>Equity</dt><dd><Money value={equity} currency={currency} /></dd></div>
        <div><dt>Today</dt><dd><Money value={total?.pnl_today} signed /></dd></div>
        <div><dt>In all</dt><dd><Money value={pnl} signed /></dd></div>
        <div><dt>Exposure</dt><dd><Money value={total?.gross} /></dd></div>
        <div><dt>Drawdown</dt><dd><Money value={total?.drawdown} /></dd></div>
      </dl>
      <Suspense fallback={<div className="curve" aria-busy="true" />}><Equity account={{ ...account, equity }} /></Suspense>
    </>
  );
}
