import type { ComponentChildren } from 'preact';

/** A box for a table that may be wider than the screen. */
export function ScrollBox({ label, children }: { label: string; children: ComponentChildren }) {
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reachable by the keyboard
    <section class="model-scroll" tabIndex={0} aria-label={label}>
      {children}
    </section>
  );
}
