import type { GatewayName } from '../gateways/gateway-names.js';
import type { OperationName } from '../operations.js';
import type { Figures, SpeedTable } from '../runs/speed.js';

const WIDTH = 760;
const LABEL_WIDTH = 190;
const VALUE_WIDTH = 90;
const BAR_HEIGHT = 18;
const LINE_HEIGHT = 24;
const HEADING_HEIGHT = 40;
const OURS = '#1f6feb';
const THEIRS = '#9aa4b2';

/** CPU per request of every gateway as bars, one group for each operation with a scale of its own. SVG. */
export function picture(table: SpeedTable): string {
  const groups = Object.entries(table) as [OperationName, NonNullable<SpeedTable[OperationName]>][];
  let y = 0;
  const parts = groups.flatMap(([operation, byGateway]) => {
    const bars = Object.entries(byGateway) as [GatewayName, Figures][];
    const longest = Math.max(...bars.map(([, { cpuMsPerRequest }]) => cpuMsPerRequest));
    const heading = `<text x="0" y="${y + 26}" font-weight="bold">${operation}: CPU ms per request</text>`;
    y += HEADING_HEIGHT;
    const drawn = bars.map(([name, { cpuMsPerRequest }]) => {
      const width = (cpuMsPerRequest / longest) * (WIDTH - LABEL_WIDTH - VALUE_WIDTH);
      const bar = barAt(y, name, width, cpuMsPerRequest);
      y += LINE_HEIGHT;
      return bar;
    });
    return [heading, ...drawn];
  });
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="-12 -4 ${WIDTH + 24} ${y + 16}" font-family="sans-serif" font-size="13">
<rect x="-12" y="-4" width="${WIDTH + 24}" height="${y + 16}" fill="white"/>
${parts.join('\n')}
</svg>
`;
}

const barAt = (y: number, name: GatewayName, width: number, value: number): string =>
  [
    `<text x="0" y="${y + 14}">${name}</text>`,
    `<rect x="${LABEL_WIDTH}" y="${y}" width="${width.toFixed(1)}" height="${BAR_HEIGHT}" fill="${name === 'ours' ? OURS : THEIRS}"/>`,
    `<text x="${(LABEL_WIDTH + width + 8).toFixed(1)}" y="${y + 14}">${value.toFixed(3)}</text>`,
  ].join('');
