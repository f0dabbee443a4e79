import './app.css';
import { Answer } from './answer/answer';
import { AnswerBar } from './answer/answer_bar';
import { Comparables } from './comparables/comparables';
import { Curves } from './curves/curves';
import { Explanation } from './explanation/explanation';
import { Footer } from './footer';
import { Form } from './form/form';
import { Header } from './header';
import { MapView } from './map/map_view';
import { onDemand } from './on_demand';
import { KeyDialog } from './problems/key_dialog';
import { Notices } from './problems/notices';
import { config, configProblem } from './state/config';
import { view } from './state/route';
import { t } from './words';

const contents = {
  estimate: EstimateView,
  many: onDemand(async () => (await import('./many/many_houses')).ManyHouses),
  model: onDemand(async () => (await import('./model/model_view')).ModelView),
};

export function App() {
  const Content = contents[view.value];
  return (
    <>
      <Header />
      <Notices />
      <main id="main" tabIndex={-1} class={view.value === 'estimate' ? 'page estimate' : 'page'}>
        {config.value ? <Content /> : !configProblem.value && <p class="muted">{t().page.loading}</p>}
      </main>
      <Footer />
      <KeyDialog />
    </>
  );
}

function EstimateView() {
  return (
    <>
      <Form />
      <div class="results">
        <div class="headline">
          <Answer />
          <MapView />
        </div>
        <div class="parts screen-only">
          <Explanation />
        </div>
        <Comparables />
        <div class="parts screen-only">
          <Curves />
        </div>
      </div>
      <AnswerBar />
    </>
  );
}
