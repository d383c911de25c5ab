import {
  Allow,
  IsArray,
  IsDate,
  IsInt,
  IsObject,
  IsOptional,
  IsString,
  MaxLength,
  Min,
  MinDate,
  ValidateNested,
} from 'class-validator';
import { Items } from '../../decorators/index.js';

export class Address {
  @IsString() @MaxLength(20) city!: string;
  @IsOptional() @IsString() street?: string;
}

export class Line {
  @IsString() item!: string;
  @IsInt() @Min(1) amount!: number;
}

/** One of each kind of field. */
export class Order {
  @ValidateNested() address!: Address;
  @Items(Line) @IsArray() @ValidateNested() lines: Line[] = [];
  @IsDate() placed!: Date;
  @IsOptional() @MinDate(new Date(0)) shipped?: Date | null;
  @Items(Date) @IsOptional() reminders?: Date[];
  @IsOptional() @IsString({ each: true }) tags?: string[];
  @IsOptional() @IsObject() rates?: Record<string, number>;
  @Allow() note: unknown = 'none';
  plain?: string;

  get total(): number {
    return this.lines.reduce((sum, line) => sum + line.amount, 0);
  }
}

/** A class that holds itself. */
export class Tree {
  @IsString() name!: string;
  @Items(Tree) @IsOptional() @ValidateNested() children?: Tree[];
  @IsOptional() @ValidateNested() twin?: Tree;
}

export const order = {
  address: { city: 'Oslo' },
  lines: [
    { item: 'tea', amount: 2 },
    { item: 'cup', amount: 1 },
  ],
  placed: '2026-11-24T04:00:00.000Z',
};
