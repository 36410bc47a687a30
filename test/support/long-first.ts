import { BaseSequencer, type TestSpecification } from 'vitest/node';

/** Starts the long test files first, so that none of them runs alone at the end. */
export class LongFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const sorted = await super.sort(files);
    const long = sorted.filter(isLong);
    return [...long, ...sorted.filter((file) => !isLong(file))];
  }
}

function isLong(file: TestSpecification): boolean {
  return /\/test\/(e2e|install)\//.test(file.moduleId);
}
