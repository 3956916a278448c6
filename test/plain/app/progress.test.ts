import { describe, expect, it } from 'vitest';
import type { ProgressStatus } from '#emars/app/progress.js';
import {
  freeColumns,
  ProgressView,
  progressFraction,
  renderProgress,
  timeLeft,
} from '#emars/app/progress.js';

const status: ProgressStatus = {
  phase: 'search',
  epoch: 5,
  epochs: 10,
  step: 6,
  steps: 18,
  evaluated: 0,
  evaluations: 12,
  etaSeconds: 125,
  bestAccuracy: 0.8125,
  frontSize: 4,
  trainersAlive: 1,
  trainers: 2,
};

describe('the progress line', () => {
  it('says phase, bar, epoch, time left, best accuracy, trainers alive, front and step', () => {
    expect(renderProgress(status, 130)).toBe(
      'search      ████████████░░░░░░░░░░░░░░░░░░  42 %  epoch 5/10  2 min 05 s left  best 81.3 %  trainers 1/2  front 4  step 6/18',
    );
  });

  it('leaves out what is not known yet', () => {
    expect(
      renderProgress({ ...status, etaSeconds: null, bestAccuracy: null, frontSize: 0 }, 120),
    ).not.toMatch(/left|best|front|NaN|null/);
    expect(
      renderProgress({ ...status, phase: 'preparing', epoch: 0, epochs: 0, steps: 0, step: 0 }, 80),
    ).toMatch(/^preparing +░+ +0 %$/);
  });

  it('never exceeds the columns, and always says phase and percentage where there is room for them', () => {
    for (let columns = 0; columns <= 160; columns++) {
      const line = renderProgress(status, columns);
      expect(line.length).toBeLessThanOrEqual(columns);
      if (columns >= 12) expect(line).toMatch(/^search.* 42 %/);
    }
  });

  it('goes from 0 to 1 without ever going back, through steps, evaluations and epochs', () => {
    const course = [{ ...status, phase: 'preparing' as const, epoch: 0, epochs: 0 }];
    for (let epoch = 1; epoch <= 3; epoch++) {
      for (let step = 0; step <= 18; step++) course.push({ ...status, epoch, epochs: 3, step } as never);
      for (let evaluated = 0; evaluated <= 12; evaluated++)
        course.push({ ...status, phase: 'evaluating', epoch, epochs: 3, step: 18, evaluated } as never);
    }
    course.push({ ...status, phase: 'done' } as never);
    const fractions = course.map(progressFraction);
    expect(fractions).toEqual([...fractions].sort((a, b) => a - b));
    expect([fractions[0], fractions.at(-1), fractions.at(-2)]).toEqual([0, 1, 1]);
  });

  it('counts the finished epochs of a resumed run while it is prepared', () => {
    const preparing = { ...status, phase: 'preparing' as const, step: 0, steps: 0 };
    expect(progressFraction(preparing)).toBe(0.4);
    expect(renderProgress(preparing, 80)).toMatch(/^preparing .* 40 % {2}epoch 5\/10$/);
  });

  it.each([
    [0, '0 s'],
    [59.4, '59 s'],
    [60, '1 min 00 s'],
    [3599, '59 min 59 s'],
    [3600, '1 h 00 min'],
    [7265, '2 h 01 min'],
    [-3, '0 s'],
  ])('tells %s seconds as %s', (seconds, text) => {
    expect(timeLeft(seconds)).toBe(text);
  });
});

it('has 79 columns on a terminal that does not know its width, else one less than it has', () => {
  expect([{}, { columns: 0 }, { columns: 120 }].map(freeColumns)).toEqual([79, 79, 119]);
});

describe('the progress view', () => {
  const recorder = (isTTY: boolean) => {
    const written: string[] = [];
    const clock = { ms: 0 };
    return {
      written,
      clock,
      view: new ProgressView({ write: (text) => written.push(text), isTTY, columns: 60 }, () => clock.ms),
    };
  };

  it('redraws one line in a terminal, at most ten times a second', () => {
    const { view, written, clock } = recorder(true);
    for (let step = 0; step < 100; step++) {
      clock.ms += 10;
      view.update({ ...status, step: step % 18 });
    }
    expect(written.length).toBeGreaterThanOrEqual(9);
    expect(written.length).toBeLessThanOrEqual(11);
    for (const text of written) {
      expect(text.startsWith('\r\u001b[2K')).toBe(true);
      expect(text.slice(5).length).toBeLessThanOrEqual(59);
    }
  });

  it('writes a plain line elsewhere: at a new phase or epoch, and every five seconds', () => {
    const { view, written, clock } = recorder(false);
    for (let second = 0; second < 12; second++) {
      view.update({ ...status, epoch: second < 6 ? 1 : 2 });
      clock.ms += 1000;
    }
    expect(written.map((text) => text.includes('\u001b'))).toEqual([false, false, false, false]);
    expect(written.map((text) => /epoch (\d)/.exec(text)?.[1])).toEqual(['1', '1', '2', '2']);
  });

  it('keeps notes and the last line', () => {
    const { view, written } = recorder(true);
    view.update(status);
    view.note('trainer 2 was restarted');
    view.end();
    expect(written[1]).toBe('\r\u001b[2Ktrainer 2 was restarted\n');
    expect(written.at(-1)).toBe('\n');
  });
});
