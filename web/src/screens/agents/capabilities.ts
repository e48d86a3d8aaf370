// What each capability lets an agent do, in a few words; under each name lies the tool that uses it.

/** What trades or costs money: off until somebody switches it on, with a second thought. */
export const TRADES: readonly string[] = ["place_order", "replace_order", "analyze_market"];

const WORDS: { [capability: string]: string } = {
  place_order: "Propose orders", replace_order: "Change orders that work", preview_order: "Ask what would be decided", get_account: "See its account",
  get_positions: "See what it holds", get_exposure: "See how much of each limit is left", get_limits: "See its limits", get_quote: "See prices",
  search_markets: "Search what can be traded", list_orders: "List its orders", get_order: "Look at one order", explain_decision: "Ask why",
  get_approval: "Ask how a hold stands", record_thought: "Write down its thoughts", analyze_market: "Ask models, which costs money",
};

export const capabilityWords = (capability: string): string => WORDS[capability] ?? capability;
