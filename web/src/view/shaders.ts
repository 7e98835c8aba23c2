/** Programs of the graphics card: colour from one value for each point, displaced points. */

const UNIFORMS = /* glsl */ `
uniform float uFactor;
uniform float uLow;
uniform float uScale;
`;

/** A grid is cut off where the distance from the boundary is 0. */
const CUT_VERTEX = /* glsl */ `
#ifdef CUT
attribute float inward;
varying float vDistance;
#endif
`;
const CUT_FRAGMENT = /* glsl */ `
#ifdef CUT
varying float vDistance;
#endif
`;
const CUT_DISTANCE = /* glsl */ `
#ifdef CUT
  vDistance = inward;
#endif
`;
const CUT_OFF = /* glsl */ `
#ifdef CUT
  if (vDistance <= 0.0) discard;
#endif
`;

const VERTEX_END = /* glsl */ `
  vValue = (value - uLow) * uScale;
  vValued = valued;
`;

export const SURFACE_VERTEX = /* glsl */ `
attribute float value;
attribute float valued;
attribute vec3 displacement;
varying float vValue;
varying float vValued;
varying vec3 vPlace;
#ifdef LIT
varying vec3 vView;
#endif
${CUT_VERTEX}
${UNIFORMS}
void main() {
  ${CUT_DISTANCE}
  vPlace = position + uFactor * displacement;
  vec4 view = modelViewMatrix * vec4(vPlace, 1.0);
#ifdef LIT
  vView = view.xyz;
#endif
  gl_Position = projectionMatrix * view;
  gl_PointSize = POINT_SIZE;
  ${VERTEX_END}
}
`;

/** Lines as wide strips: each instance is a segment, `position.x` its end and `.y` its side. */
export const LINE_VERTEX = /* glsl */ `
attribute float value;
attribute float valueEnd;
attribute vec3 start;
attribute vec3 end;
attribute vec3 displacement;
attribute vec3 displacementEnd;
varying float vValue;
varying float vValued;
varying vec3 vPlace;
uniform vec2 uPixels;
${UNIFORMS}
void main() {
  vec3 from = start + uFactor * displacement;
  vec3 to = end + uFactor * displacementEnd;
  vPlace = mix(from, to, position.x);
  vec4 a = projectionMatrix * modelViewMatrix * vec4(from, 1.0);
  vec4 b = projectionMatrix * modelViewMatrix * vec4(to, 1.0);
  vec2 along = (b.xy - a.xy) / uPixels;
  float size = length(along);
  along = size > 0.0 ? along / size : vec2(1.0, 0.0);
  gl_Position = mix(a, b, position.x);
  gl_Position.xy += vec2(-along.y, along.x) * position.y * LINE_WIDTH * uPixels;
  vValue = (mix(value, valueEnd, position.x) - uLow) * uScale;
  vValued = 1.0;
}
`;

export const FRAGMENT = /* glsl */ `
varying float vValue;
varying float vValued;
varying vec3 vPlace;
#ifdef LIT
varying vec3 vView;
#endif
${CUT_FRAGMENT}
uniform sampler2D uMap;
uniform vec4 uClip;
uniform float uIsolines;
uniform vec3 uUnvalued;
uniform float uKnown;
void main() {
  ${CUT_OFF}
  if (dot(vPlace, uClip.xyz) > uClip.w) discard;
#ifdef ROUND
  if (length(gl_PointCoord - 0.5) > 0.5) discard;
#endif
  float at = clamp(vValue, 0.0, 1.0);
  // The first and the last colour are in the middle of their texels.
  vec3 colour = texture2D(uMap, vec2((at * 255.0 + 0.5) / 256.0, 0.5)).rgb;
  if (uIsolines > 0.0) {
    float level = vValue * uIsolines;
    float width = max(fwidth(level), 1e-6);
    float distance = abs(fract(level - 0.5) - 0.5) / width;
    float line = 1.0 - smoothstep(0.4, 1.2, distance);
    // Where levels are closer than two pixels they would be a dark area.
    line *= 1.0 - smoothstep(0.3, 0.6, width);
    float bright = dot(colour, vec3(0.3, 0.6, 0.1));
    colour = mix(colour, bright > 0.45 ? vec3(0.0) : vec3(1.0), 0.75 * line);
  }
  colour = mix(uUnvalued, colour, uKnown * step(0.999, vValued));
#ifdef LIT
  vec3 normal = normalize(cross(dFdx(vView), dFdy(vView)));
  float light = abs(dot(normal, normalize(vec3(0.25, 0.35, 1.0))));
  colour *= 0.75 + 0.25 * light;
  if (!gl_FrontFacing) colour *= 0.8;
#endif
  gl_FragColor = vec4(colour, 1.0);
}
`;

export const EDGE_VERTEX = /* glsl */ `
attribute vec3 displacement;
varying vec3 vPlace;
${CUT_VERTEX}
${UNIFORMS}
void main() {
  ${CUT_DISTANCE}
  vPlace = position + uFactor * displacement;
  gl_Position = projectionMatrix * modelViewMatrix * vec4(vPlace, 1.0);
}
`;

export const EDGE_FRAGMENT = /* glsl */ `
varying vec3 vPlace;
${CUT_FRAGMENT}
uniform vec4 uClip;
uniform vec3 uInk;
void main() {
  ${CUT_OFF}
  if (dot(vPlace, uClip.xyz) > uClip.w) discard;
  gl_FragColor = vec4(uInk, 0.35);
}
`;

/** Arrows: `position` is a point of an arrow of length 1 along z, each instance is one arrow. */
export const ARROW_VERTEX = /* glsl */ `
attribute vec3 origin;
attribute vec3 vector;
attribute vec3 displacement;
uniform float uFactor;
uniform float uLength;
varying vec3 vPlace;
varying float vLight;
void main() {
  float size = length(vector);
  vec3 forward = size > 0.0 ? vector / size : vec3(0.0, 0.0, 1.0);
  vec3 other = abs(forward.z) < 0.9 ? vec3(0.0, 0.0, 1.0) : vec3(1.0, 0.0, 0.0);
  vec3 side = normalize(cross(other, forward));
  mat3 turn = mat3(side, cross(forward, side), forward);
  vec3 base = origin + uFactor * displacement;
  vPlace = base;
  vec3 place = base + turn * position * uLength * size;
  vec3 facing = normalMatrix * (turn * normal);
  vLight = 0.6 + 0.4 * abs(normalize(facing).z);
  gl_Position = projectionMatrix * modelViewMatrix * vec4(place, 1.0);
}
`;

export const ARROW_FRAGMENT = /* glsl */ `
varying vec3 vPlace;
varying float vLight;
uniform vec4 uClip;
uniform vec3 uInk;
void main() {
  if (dot(vPlace, uClip.xyz) > uClip.w) discard;
  gl_FragColor = vec4(uInk * vLight, 1.0);
}
`;
