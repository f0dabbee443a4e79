import { formatNumber } from '../format/numbers';
import { columnWithRole } from '../state/config';
import { t } from '../words';
import { housePlace } from './house_place';
import { moved, showWhole, viewport, zoomBy } from './map_state';
import { scaleBar } from './scale_bar';
import type { Scene } from './scene';

const STEP = 1.6;

/** Buttons over the map, and its scale bar. */
export function MapControls({ scene }: { scene: Scene }) {
  const words = t().map;
  const place = housePlace.value;
  const toHouse = () => {
    const view = viewport.peek();
    if (place && view) moved.value = { centre: scene.projection.toPoint(place), scale: view.scale };
  };
  return (
    <>
      <div class="map-buttons">
        <MapButton name={words.zoomIn} icon="M8 2v12M2 8h12" act={() => zoomBy(STEP)} />
        <MapButton name={words.zoomOut} icon="M2 8h12" act={() => zoomBy(1 / STEP)} />
        <MapButton name={words.whole} icon="M6 2H2v4M10 14h4v-4M2 10v4h4M14 6V2h-4" act={showWhole} />
        {place && (
          <MapButton
            name={words.toHouse}
            icon="M8 14.5S3.5 9.8 3.5 6.2a4.5 4.5 0 0 1 9 0C12.5 9.8 8 14.5 8 14.5M8 6.3v.01"
            act={toHouse}
          />
        )}
      </div>
      <ScaleBar />
    </>
  );
}

function MapButton({ name, icon, act }: { name: string; icon: string; act: () => void }) {
  return (
    <button type="button" aria-label={name} title={name} onClick={act}>
      <svg viewBox="0 0 16 16" aria-hidden="true">
        <path d={icon} />
      </svg>
    </button>
  );
}

function ScaleBar() {
  const view = viewport.value;
  if (!view) return null;
  const imperial = /ft|mi|acre/i.test(columnWithRole('living_area')?.unit ?? '');
  const { amount, unit, pixels } = scaleBar(view.scale, imperial ? 'imperial' : 'metric');
  return (
    <div class="map-scale" style={{ width: `${pixels}px` }}>
      {formatNumber(amount)} {unit}
    </div>
  );
}
