/** What a container says about itself: the study, its inputs, its fields. */

export interface NumberInput {
  kind: "number";
  name: string;
  unit: string;
  lower: number;
  upper: number;
  /** Whether the networks read its logarithm; it is positive then. */
  logarithm: boolean;
}

export interface CategoryInput {
  kind: "category";
  name: string;
  values: string[];
}

/** A column of the table of designs. The value of a category is its number, from 0. */
export type Input = NumberInput | CategoryInput;

export interface ImageFormat {
  size: number;
  channels: number;
  bits: number;
}

export interface Variable {
  name: string;
  unit: string;
  /** Least and largest value over the training runs. */
  range: [number, number];
}

export interface Vector {
  name: string;
  /** Numbers of its components among the variables. */
  components: number[];
  is_displacement: boolean;
}

export interface Calibration {
  /** Factor from the spread to the standard deviation. */
  std_factor: number;
  /** Factor from the spread to half the width of the interval. */
  interval_factor: number;
  level: number;
  label: string;
  /** Validation runs that it comes from; 0 where nothing is calibrated. */
  runs: number;
  /** Sentence about an interval of few runs, without a full stop. */
  warning: string | null;
}

export interface Quantity {
  name: string;
  unit: string;
  text: string;
}

export interface Description {
  format: 1;
  study: string;
  model: string;
  version: string;
  created: string;
  data_fingerprint: string;
  evaluation: null | { relative_error: number; runs: number };
  inputs: Input[];
  image: null | ImageFormat;
  times: number[];
  time_unit: string;
  /** Whether the model predicts between the training times, too. */
  continuous_in_time: boolean;
  length_unit: string;
  variables: Variable[];
  vectors: Vector[];
  dimension: 1 | 2 | 3;
  node_count: number;
  training_ids: string[];
  calibration: Calibration;
  variance_floor: number;
  novelty_limit: number;
  quantities: Quantity[];
}
