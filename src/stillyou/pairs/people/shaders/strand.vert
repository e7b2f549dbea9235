#version 430
// Two vertices a point: a ribbon that faces the viewer and is never narrower than about half a pixel.
layout(std430, binding = 0) readonly buffer Points { vec4 points[]; };      // xyz, opacity
layout(std430, binding = 1) readonly buffer Strands { vec4 strands[]; };    // colour, width * 65536 rounded + shade
uniform mat4 projection;
uniform int steps;          // points a strand
uniform vec3 watcher;       // the eye, or the lamp in the shadow pass
uniform float pixel;        // size of a pixel at distance 1
uniform float spread;       // widening: shadows are a little wider
out vec3 world, tangent, tint;
out vec2 along;             // 0 at the root to 1 at the tip; shade
out float opacity;

void main() {
    int k = gl_VertexID >> 1, strand = k / steps, step_ = k - strand * steps, first = strand * steps;
    vec4 here = points[k], data = strands[strand];
    vec3 before = points[max(k - 1, first)].xyz, after = points[min(k + 1, first + steps - 1)].xyz;
    tangent = normalize(after - before + 1e-6);
    vec3 toward = watcher - here.xyz;
    float t = float(step_) / float(steps - 1), distance_ = length(toward);
    float wide = floor(data.w) / 65536., width = max(wide * (1. - .75 * t * t), distance_ * pixel * .55 * (1. - .4 * t)) * spread;
    world = here.xyz + normalize(cross(tangent, toward)) * (float(gl_VertexID & 1) - .5) * width;
    tint = data.rgb;
    along = vec2(t, fract(data.w));
    opacity = here.w;
    gl_Position = projection * vec4(world, 1.);
}
