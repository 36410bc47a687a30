import { describe, expect, test } from 'vitest';
import { findGpuModel, GPU_MODELS } from '../../src/domain/gpu-model.ts';
import { modelOf } from '../../src/domain/gpu-name.ts';

describe('the catalogue', () => {
  test('gives no code and no name twice', () => {
    const words = GPU_MODELS.flatMap(({ code, name }) => [code, name.toLowerCase()]);
    expect(new Set(words).size).toBe(2 * GPU_MODELS.length);
  });

  test.each(GPU_MODELS)('$code and $name are written as the documented ones are', ({ code, name }) => {
    expect(code).toMatch(/^[a-z0-9]+$/);
    expect(name).toMatch(/^Nvidia [a-z0-9]+(-[a-z0-9]+)*$/);
  });

  test.each([
    ['h200', 'Nvidia h200'],
    ['gb10', 'Nvidia gb10'],
    ['l40s', 'Nvidia l40s'],
    ['v100s', 'Nvidia v100s'],
    ['p40', 'Nvidia tesla-p40'],
    ['m60', 'Nvidia tesla-m60'],
    ['4090', 'Nvidia rtx-4090'],
    ['4070tisuper', 'Nvidia rtx-4070-ti-super'],
    ['3080laptop', 'Nvidia rtx-3080-laptop'],
    ['3080tilaptop', 'Nvidia rtx-3080-ti-laptop'],
    ['2070laptop', 'Nvidia rtx-2070-laptop'],
    ['1660ti', 'Nvidia gtx-1660-ti'],
    ['1030', 'Nvidia gt-1030'],
    ['titanx', 'Nvidia titan-x'],
    ['gtxtitanx', 'Nvidia gtx-titan-x'],
    ['a6000', 'Nvidia rtx-a6000'],
    ['rtx6000ada', 'Nvidia rtx-6000-ada'],
    ['rtx6000', 'Nvidia quadro-rtx-6000'],
    ['rtxpro6000', 'Nvidia rtx-pro-6000-blackwell'],
    ['p4000', 'Nvidia quadro-p4000'],
    ['t400', 'Nvidia t400'],
    ['orin', 'Nvidia jetson-orin'],
  ])('code %s is %s', (code, name) => {
    expect(findGpuModel(code.toUpperCase())).toEqual({ code, name });
    expect(findGpuModel(name.toUpperCase())).toEqual({ code, name });
  });

  test.each(GPU_MODELS)('the name of $code is a product name too', (model) => {
    expect(modelOf(model.name)).toBe(model);
  });
});
