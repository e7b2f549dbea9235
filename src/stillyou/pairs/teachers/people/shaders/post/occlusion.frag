#version 430
// Ambient occlusion from depth alone, at the size of the finished picture.
in vec2 uv;
out float open;
uniform sampler2D direct;
uniform float focal;
const int SAMPLES = 14;
const float EMPTY = 900.;

float depth(vec2 at) { return texture(direct, at).a; }

void main() {
    float z = depth(uv);
    if (z > EMPTY) { open = 1.; return; }
    const float d = .004;
    float right = depth(uv + vec2(d, 0)), left = depth(uv - vec2(d, 0)), above = depth(uv + vec2(0, d)), below = depth(uv - vec2(0, d));
    float zx = abs(right - z) < abs(z - left) ? right - z : z - left, zy = abs(above - z) < abs(z - below) ? above - z : z - below;
    vec3 n = normalize(vec3(zx / (d * z / focal), zy / (d * z / focal), -1.)), here = vec3((uv - .5) * z / focal, z);
    float turn = 6.2832 * fract(52.9829189 * fract(dot(gl_FragCoord.xy, vec2(.06711056, .00583715)))), covered = 0.;
    for (int i = 0; i < SAMPLES; i++) {
        float radius = .75 * (float(i) + .5) / float(SAMPLES), angle = turn + float(i) * 2.399963;
        vec2 at = uv + vec2(cos(angle), sin(angle)) * radius * focal / z;
        float zz = depth(at);
        if (zz > EMPTY) continue;
        vec3 to = vec3((at - .5) * zz / focal, zz) - here;
        float far = length(to);
        covered += max(0., dot(n, to) / max(far, 1e-3) - .08) * smoothstep(1.3, .2, far);
    }
    open = clamp(1. - covered / float(SAMPLES) * 2.6, .05, 1.);
}
