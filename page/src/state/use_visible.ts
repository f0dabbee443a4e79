/** Tells the scheduler while an element is on the screen, or nearly. */
import { useEffect, useRef } from 'preact/hooks';
import { type PartName, setVisible } from './estimate';

/** Return the ref of the element that shows a part: it is asked for only while the element is near the screen. */
export function useVisible(part: PartName) {
  const ref = useRef<HTMLElement>(null);
  useEffect(() => {
    if (!ref.current) return;
    const observer = new IntersectionObserver((entries) => setVisible(part, entries.at(-1)?.isIntersecting ?? false), {
      rootMargin: '300px',
    });
    observer.observe(ref.current);
    return () => {
      observer.disconnect();
      setVisible(part, false);
    };
  }, [part]);
  return ref;
}
