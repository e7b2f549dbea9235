// Two vertices a point: a ribbon that faces the watcher and is never narrower than about half a pixel. Where it is
// not drawn its width is 0, which is cheaper than discarding.
layout(std430, binding = 0) readonly buffer Points { vec4 points[]; };      // xyz, opacity
layout(std430, binding = 1) readonly buffer Strands { vec4 strands[]; };    // colour, width * 65536 rounded + shade
uniform mat4 projection;
uniform int steps;          // points a strand
uniform vec3 watcher;       // the eye, or the lamp in the shadow pass
uniform float pixel;        // size of a pixel at distance 1
uniform float spread;       // widening: shadows are a little wider

struct Ribbon { vec3 world, tangent, colour; float along, shade; };

Ribbon ribbon() {
    int k = gl_VertexID >> 1, strand = k / steps, step_ = k - strand * steps, first = strand * steps;
    vec4 here = points[k], data = strands[strand];
    vec3 before = points[max(k - 1, first)].xyz, after = points[min(k + 1, first + steps - 1)].xyz;
    vec3 tangent = normalize(after - before + 1e-6), toward = watcher - here.xyz;
    float t = float(step_) / float(steps - 1), wide = floor(data.w) / 65536.;
    float width = max(wide * (1. - .75 * t * t), length(toward) * pixel * .55 * (1. - .4 * t)) * spread * here.w;
    vec3 world = here.xyz + normalize(cross(tangent, toward)) * (float(gl_VertexID & 1) - .5) * width;
    return Ribbon(world, tangent, data.rgb, t, fract(data.w));
}
