import { useEffect } from 'preact/hooks';
import { columnWithRole, config } from '../state/config';
import { house } from '../state/house';
import { apiKey } from '../state/settings';
import { t } from '../words';
import { columnLabel } from '../words/labels';
import { locationInDoubt } from './house_place';
import { ColourChoice, Legend } from './legend';
import { MapCanvas } from './map_canvas';
import { loadFailed, loadScene, scene } from './map_state';
import { Places } from './places';
import './map_view.css';

/** The map of the sales; nothing where they have no coordinates or are not shown. */
export function MapView() {
  const shown = config.value?.sales?.map === true;
  useEffect(() => {
    if (shown) void loadScene();
  }, [shown, apiKey.value]);
  if (!shown) return null;
  return (
    <section class="card map" aria-labelledby="map-title">
      <div class="map-head">
        <h2 id="map-title">{t().map.title}</h2>
        {scene.value && <ColourChoice scene={scene.value} />}
      </div>
      {scene.value ? <MapCanvas scene={scene.value} /> : <Waiting />}
      {scene.value && <Legend />}
      {scene.value && <Note />}
      {scene.value && <Places scene={scene.value} />}
    </section>
  );
}

/** How to use the map, or what to check after the house was moved on it. */
function Note() {
  const column = columnWithRole('location');
  const doubt = locationInDoubt.value && column ? column : null;
  return (
    <p class={doubt ? 'map-note doubt small' : 'map-note small'} aria-live="polite">
      {doubt ? t().map.locationStays(columnLabel(doubt), String(house.value[doubt.name])) : t().map.hint}
    </p>
  );
}

function Waiting() {
  return (
    <div class="map-frame map-waiting" aria-busy={!loadFailed.value}>
      {loadFailed.value ? (
        <p>
          {t().map.failed}{' '}
          <button type="button" class="button" onClick={() => void loadScene()}>
            {t().map.again}
          </button>
        </p>
      ) : (
        <p class="muted">{t().map.loading}</p>
      )}
    </div>
  );
}
