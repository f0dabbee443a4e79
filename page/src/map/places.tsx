import { formatNumber } from '../format/numbers';
import { t } from '../words';
import { moved, whole } from './map_state';
import type { Scene } from './scene';

const CLOSER = 4;

/** The map as a table: every named location with its number of sales, and a way to go there. */
export function Places({ scene }: { scene: Scene }) {
  if (scene.labels.length === 0) return null;
  const words = t().map;
  return (
    <details class="map-places small">
      <summary>{words.places}</summary>
      <div class="map-places-list">
        <table>
          <thead>
            <tr>
              <th scope="col">{words.place}</th>
              <th scope="col" class="number">
                {words.sales}
              </th>
            </tr>
          </thead>
          <tbody>
            {scene.sales.labels.map((label, index) => (
              <tr key={label.text}>
                <td>
                  <button type="button" class="map-place" onClick={() => goTo(scene, index)}>
                    {label.text}
                  </button>
                </td>
                <td class="number">{formatNumber(label.count)}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    </details>
  );
}

function goTo(scene: Scene, index: number): void {
  const [point, all] = [scene.labels[index], whole.peek()];
  if (point && all) moved.value = { centre: point, scale: all.scale * CLOSER };
}
