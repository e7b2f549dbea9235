#version 430
// The light that falls on each pixel; where it scatters below skin, the depth goes along, elsewhere a large number.
in vec2 uv;
out vec4 light;
uniform sampler2D direct, gloss, indirect, occlusion;

void main() {
    vec4 lamps = texture(direct, uv);
    if (lamps.a > 900.) { light = vec4(0., 0., 0., 1000.); return; }
    float a = 0.;
    vec2 texel = 1. / vec2(textureSize(occlusion, 0));
    for (int i = -1; i <= 1; i++) for (int j = -1; j <= 1; j++) a += texture(occlusion, uv + vec2(i, j) * texel).r;
    a /= 9.;
    vec3 bounced = vec3(a) / (1. - vec3(.42, .25, .2) * (1. - a));
    light.rgb = lamps.rgb * mix(1., a, .35) + texture(indirect, uv).rgb * mix(vec3(a), bounced, .8);
    light.a = texture(gloss, uv).a > .2 ? lamps.a : 1000.;
}
