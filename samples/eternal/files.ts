import { Activity } from 'perdure/decorators';

export class Files {
  @Activity({ name: 'files.remove-old' })
  async removeOld(round: number): Promise<void> {
    console.log(`  round ${round}: old files removed`);
  }
}
