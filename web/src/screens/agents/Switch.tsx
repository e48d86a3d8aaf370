// On or off, at once.

interface SwitchProps {
  label: string;
  on: boolean;
  busy?: boolean;
  disabled?: boolean;
  onChange: (on: boolean) => void;
}

export function Switch({ label, on, busy = false, disabled = false, onChange }: SwitchProps) {
  return (
    <button type="button" role="switch" aria-checked={on} aria-label={label} aria-busy={busy || undefined} disabled={disabled} className="agents-switch" onClick={() => !busy && onChange(!on)}>
      <span aria-hidden className="agents-knob" />
      <span aria-hidden className="agents-state">{on ? "On" : "Off"}</span>
    </button>
  );
}
