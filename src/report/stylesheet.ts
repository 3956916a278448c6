/**
 * The style of the page: type like a paper's supplement, light and dark, screen and print. Fonts are
 * those of the reader's machine; nothing is fetched.
 */
import { darkFigureRules, KERNEL_INKS, PALETTE } from './figures/palette.js';

const SERIF = [
  '"Source Serif 4","Source Serif Pro",Charter,"Bitstream Charter","Iowan Old Style"',
  '"Palatino Linotype",Palatino,"Liberation Serif",Georgia,serif',
].join(',');
const SANS = `"Inter","Helvetica Neue",Helvetica,Arial,"Liberation Sans",sans-serif`;
const MONO = `"SF Mono","Cascadia Mono",Menlo,Consolas,"DejaVu Sans Mono",monospace`;

type Mode = 'light' | 'dark';

function variables(mode: Mode): string {
  const fixed = {
    light: {
      page: '#ffffff',
      soft: '#f7f5fa',
      line: '#dedae5',
      link: '#5b2f8a',
      alarm: '#a11d33',
      alarmGround: '#fdf1f2',
      noteGround: '#fdf7ea',
      inFill: '#ffffff',
    },
    dark: {
      page: PALETTE.ground.dark,
      soft: '#201d27',
      line: '#3a3545',
      link: '#c4a9f5',
      alarm: '#ff9aa8',
      alarmGround: '#33191f',
      noteGround: '#2c2415',
      inFill: '#17151c',
    },
  }[mode];
  const kernels = KERNEL_INKS.map((ink, index) => `--kernel-${index}:${ink[mode]};`).join('');
  const declarations: Readonly<Record<string, string>> = {
    'color-scheme': mode,
    '--page': fixed.page,
    '--soft': fixed.soft,
    '--line': fixed.line,
    '--link': fixed.link,
    '--alarm': fixed.alarm,
    '--alarm-ground': fixed.alarmGround,
    '--note-ground': fixed.noteGround,
    '--in-fill': fixed.inFill,
    '--text': PALETTE.text[mode],
    '--muted': PALETTE.muted[mode],
    '--axis': PALETTE.axis[mode],
    '--accent': PALETTE.accent[mode],
    '--early': PALETTE.early[mode],
    '--late': PALETTE.late[mode],
  };
  const own = Object.entries(declarations).map(([name, value]) => `${name}:${value};`);
  return own.join('') + kernels;
}

const KERNEL_RULES = KERNEL_INKS.map(
  (_, index) => `.genome .kernel-${index}{color:var(--kernel-${index})}`,
).join('\n');

const RULES = `
*{box-sizing:border-box}
html{-webkit-text-size-adjust:100%;text-size-adjust:100%}
body{
  margin:0;background:var(--page);color:var(--text);font:1.0625rem/1.6 ${SERIF};
  font-variant-numeric:oldstyle-nums
}
main{max-width:58rem;margin:0 auto;padding:4rem 1.5rem 5rem}
h1{
  font-size:clamp(2rem,6vw,3rem);line-height:1.1;font-weight:600;letter-spacing:-.015em;
  margin:0 0 1rem;overflow-wrap:anywhere
}
h2{
  font-size:1.55rem;line-height:1.25;font-weight:600;letter-spacing:-.008em;margin:0 0 .9rem;
  padding-top:1.1rem;border-top:1px solid var(--line)
}
section{margin-top:3.4rem}
p{max-width:42rem;margin:0 0 1rem}
.kind{font:600 .78rem/1.4 ${SANS};color:var(--muted);margin:0 0 .7rem}
.lead{font-size:1.28rem;line-height:1.45;max-width:46rem;margin-bottom:1.6rem}
.fine,.remark{font-family:${SANS};font-size:.82rem;line-height:1.5;color:var(--muted)}
.fine{max-width:46rem}
code,pre{font-family:${MONO};font-size:.86em;font-variant-numeric:normal}
nav{margin:0 0 2.4rem;font:.86rem/1.5 ${SANS}}
nav a{display:inline-block;margin-right:1.3rem;padding:.2rem 0}
a{color:var(--link);text-decoration-thickness:1px;text-underline-offset:.2em}
a:focus-visible,summary:focus-visible,.table:focus-visible,pre:focus-visible{
  outline:2px solid var(--link);outline-offset:3px;border-radius:2px
}
.notice{
  max-width:46rem;margin:0 0 .8rem;padding:.7rem 1rem;border-radius:6px;
  background:var(--note-ground);font:.92rem/1.5 ${SANS}
}
.notice.alarm{background:var(--alarm-ground)}
.notice.alarm strong{color:var(--alarm)}
.key-figures{
  display:grid;grid-template-columns:repeat(auto-fit,minmax(9.5rem,1fr));gap:1.3rem 1.6rem;
  margin:2rem 0 1.2rem;padding:1.4rem 0;border-top:1px solid var(--line);
  border-bottom:1px solid var(--line)
}
.key-figures div{display:flex;flex-direction:column}
.key-figures dt{font:.82rem/1.3 ${SANS};color:var(--muted)}
.key-figures dd{
  margin:0;font-size:1.9rem;line-height:1.25;font-variant-numeric:lining-nums tabular-nums;
  letter-spacing:-.01em
}
.key-figures dd.remark{font-size:.78rem;letter-spacing:0}
figure{margin:0 0 2.6rem}
figure .narrow{display:none}
figure svg{display:block;width:100%;height:auto}
figcaption{
  max-width:46rem;margin-top:.8rem;font:.86rem/1.55 ${SANS};color:var(--muted);
  font-variant-numeric:lining-nums
}
figcaption strong{color:var(--text);font-weight:600}
.table{overflow-x:auto;margin:0 0 1.4rem}
.sideways{display:none}
table{
  border-collapse:collapse;font:.86rem/1.4 ${SANS};font-variant-numeric:lining-nums tabular-nums;
  min-width:100%
}
.caption{
  max-width:46rem;margin:1.6rem 0 .55rem;font:.86rem/1.45 ${SANS};color:var(--muted);
  font-variant-numeric:lining-nums
}
details .caption{margin-top:.4rem}
th,td{
  padding:.5rem .9rem .5rem 0;text-align:left;vertical-align:middle;
  border-bottom:1px solid var(--line);white-space:nowrap
}
th:last-child,td:last-child{padding-right:0}
thead th{
  font-weight:600;vertical-align:bottom;white-space:normal;border-bottom:1.5px solid var(--axis);
  line-height:1.25
}
tbody th{font-weight:400}
.number{text-align:right}
tr.strong th,tr.strong td{font-weight:650}
tr.strong code{font-weight:700}
.prose{white-space:pre-wrap;overflow-wrap:anywhere;display:inline-block;min-width:12rem;max-width:34rem}
td code.prose{min-width:0}
.unit{display:block;font-weight:400;color:var(--muted)}
.arrow{color:var(--muted);font-weight:400}
details{margin:0 0 1rem;font-family:${SANS};font-size:.92rem}
summary{cursor:pointer;padding:.35rem 0;color:var(--link)}
details[open] summary{margin-bottom:.6rem}
pre{
  margin:0;padding:1.1rem 1.2rem;background:var(--soft);border-radius:6px;overflow-x:auto;
  line-height:1.5;font-size:.82rem
}
.spark{display:block}
.spark polyline{fill:none;stroke:var(--axis);stroke-width:1.4;stroke-linejoin:round}
.spark circle{fill:var(--accent)}
.genome{display:block;font:700 9.5px/1 ${SANS};text-anchor:middle}
.genome .room{fill:currentColor;opacity:.2}
.genome .fill{fill:currentColor}
.genome text{fill:var(--in-fill)}
.genome .skip rect{fill:none;stroke:var(--line)}
.genome .skip path{stroke:var(--axis);stroke-width:1.3}
.genome .skip text{fill:var(--muted)}
${KERNEL_RULES}
.key{
  display:flex;flex-wrap:wrap;gap:.5rem 1.3rem;margin:0 0 1rem;max-width:none;
  font:.82rem/1.3 ${SANS};color:var(--muted);font-variant-numeric:lining-nums
}
.key span{display:inline-flex;align-items:center;gap:.45rem}
.time{display:flex;height:2.3rem;gap:2px;margin:0 0 1rem;font:600 .8rem/2.3rem ${SANS}}
.time span{
  min-width:2px;flex-basis:0;overflow:hidden;white-space:nowrap;text-align:center;
  color:var(--in-fill)
}
.time span:first-child{border-radius:5px 0 0 5px}
.time span:last-child{border-radius:0 5px 5px 0}
.swatch{
  display:inline-block;width:.75rem;height:.75rem;border-radius:2px;margin-right:.55rem;
  vertical-align:-.06rem
}
.phase-0{background:var(--kernel-4)}
.phase-1{background:var(--early)}
.phase-2{background:var(--accent)}
.phase-3{background:var(--kernel-3)}
.phase-4{background:var(--late)}
.phase-5{background:var(--muted)}
.phase-other{background:var(--axis)}
footer{margin-top:4rem;padding-top:1rem;border-top:1px solid var(--line)}
@media (max-width:40rem){
main{padding:2rem 1.1rem 3rem}
body{font-size:1rem}
.lead{font-size:1.12rem}
figure .wide{display:none}
.sideways{display:inline}
figure .narrow{display:block}
.key-figures{grid-template-columns:1fr 1fr}
.key-figures dd{font-size:1.55rem}
}
@media print{
@page{margin:18mm 16mm}
body{font-size:10pt;print-color-adjust:exact;-webkit-print-color-adjust:exact}
main{max-width:none;padding:0}
nav{display:none}
section{margin-top:1.6rem}
figure,tr,.key-figures,.notice{break-inside:avoid}
figure svg{max-height:70mm}
figure .wide{display:block}
figure .narrow{display:none}
.sideways{display:none}
thead{display:table-header-group}
details::details-content{content-visibility:visible;block-size:auto}
summary{list-style:none;color:inherit}
h2,.caption{break-after:avoid}
.table{overflow:visible}
.table table{font-size:7.4pt}
th,td{padding-right:.5rem}
pre{white-space:pre-wrap;background:none;padding:0}
a{color:inherit;text-decoration:none}
}
`;

/** The whole style sheet. Dark colours apply on screens only: paper is white. */
export function stylesheet(): string {
  return `:root{${variables('light')}}
@media screen and (prefers-color-scheme:dark){
:root{${variables('dark')}}
${darkFigureRules()}
}
${RULES}`;
}
