import test from 'ava';
import {
  ArrayMinSize,
  Equals,
  IsArray,
  IsBoolean,
  IsDate,
  IsEnum,
  IsISO8601,
  IsNumber,
  IsOptional,
  IsPositive,
  IsString,
  IsUUID,
  Length,
  Matches,
  MaxLength,
  ValidateNested,
} from 'class-validator';
import { Items } from 'perdure/decorators';
import { JsonSchemas } from '../../lib/validation/json-schemas.js';

enum Colour {
  Red = 'red',
  Blue = 'blue',
}

class Leaf {
  @IsString() name!: string;
}

class Tree {
  @IsString() name!: string;
  @IsOptional() @ValidateNested() leaf?: Leaf;
  @IsOptional() @ValidateNested({ each: true }) @Items(Tree) branches?: Tree[];
}

class Fields {
  @IsEnum(Colour) colour!: Colour;
  @IsUUID() id!: string;
  @IsISO8601() at!: string;
  @IsDate() since!: Date;
  @IsPositive() price!: number;
  @Matches(/^[a-z]+$/) word!: string;
  @MaxLength(5) short!: string;
  @Equals('yes') consent!: string;
  @IsArray() @ArrayMinSize(1) @IsString({ each: true }) @Length(2, undefined, { each: true }) tags!: string[];
  @IsNumber() count = 1;
  isOpen = true;
  @IsBoolean() @IsOptional() isNew: boolean | null = null;
}

const prefix = '#/$defs/';

test('rules of class-validator are keywords, and what has a default or is optional is not required', (t) => {
  const schemas = new JsonSchemas(prefix);
  t.deepEqual(schemas.of(Fields), { $ref: '#/$defs/Fields' });
  t.deepEqual(schemas.definitions['Fields'], {
    type: 'object',
    properties: {
      count: { type: 'number' },
      isOpen: {},
      isNew: { type: 'boolean' },
      colour: { type: 'string', enum: ['red', 'blue'] },
      id: { type: 'string', format: 'uuid' },
      at: { type: 'string', format: 'date-time' },
      since: { type: 'string', format: 'date-time' },
      price: { type: 'number', exclusiveMinimum: 0 },
      word: { type: 'string', pattern: '^[a-z]+$' },
      short: { type: 'string', maxLength: 5 },
      consent: { type: 'string', const: 'yes' },
      tags: { type: 'array', items: { type: 'string', minLength: 2 }, minItems: 1 },
    },
    required: ['colour', 'id', 'at', 'since', 'price', 'word', 'short', 'consent', 'tags'],
  });
});

test('a class that holds itself is described once, and two classes of one name have two', (t) => {
  const schemas = new JsonSchemas(prefix);
  schemas.of([Tree]);
  t.like(schemas.definitions['Tree'], {
    properties: { leaf: { $ref: '#/$defs/Leaf' }, branches: { type: 'array', items: { $ref: '#/$defs/Tree' } } },
    required: ['name'],
  });
  const other = (() => {
    class Leaf {
      @IsNumber() weight!: number;
    }
    return Leaf;
  })();
  t.deepEqual(schemas.of(other), { $ref: '#/$defs/Leaf2' });
  t.deepEqual(schemas.of(Leaf), { $ref: '#/$defs/Leaf' });
});

test('what is no class of fields is what it is', (t) => {
  const schemas = new JsonSchemas(prefix);
  t.deepEqual(
    [String, Number, Boolean, Date, Object].map((type) => schemas.of(type)),
    [{ type: 'string' }, { type: 'number' }, { type: 'boolean' }, { type: 'string', format: 'date-time' }, {}],
  );
  t.deepEqual(schemas.of([String]), { type: 'array', items: { type: 'string' } });
  t.deepEqual(schemas.definitions, {});
});
