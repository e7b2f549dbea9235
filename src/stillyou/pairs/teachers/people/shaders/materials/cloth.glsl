// Cloth of shirts, jackets, sweaters, dresses. aux: neckline field, angle round the neck.
// params: 0 main colour, neckline | 1 second colour, pattern | 2 third colour, weave | 3 folds, buttons, knit
const float CREW = 0., VEE = 1., OPEN = 2., JACKET = 3., HIGH = 4., SCOOP = 5., PIECE = 6., VEIL = 7.;

// How far below the edge of the garment a point lies.
float hem(vec3 q, float level) {
    float kind = params[0].w, d = level, middle = max(0., 1. - abs(q.x) / .52) * smoothstep(.35, .6, q.z);
    if (kind == CREW) return d - .02;
    if (kind == VEE) return d - .06 - .95 * middle;
    if (kind == OPEN) return d - .02 - .20 * max(0., 1. - abs(q.x) / .2) * smoothstep(.35, .6, q.z);
    if (kind == JACKET) return d - .10 - 1.75 * max(0., 1. - abs(q.x) / .60) * smoothstep(.3, .5, q.z);
    if (kind == HIGH) return d + .12;
    if (kind == SCOOP) return d - .42 - .30 * smoothstep(.0, .5, q.z) * smoothstep(.9, .2, abs(q.x));
    if (kind == VEIL) {
        float open = length(vec2(q.x / .585, (q.y - 6.985) / .83)) - 1.;
        return min(q.z > .55 ? open * .6 : 1., mix(1.6, .72, smoothstep(.4, 1.2, abs(q.x))) + .06 * sin(q.x * 5.) - level);
    }
    return 1.;
}

bool cut(vec3 rest, vec4 aux) { return hem(rest, aux.x) < 0.; }

vec3 patterned(vec3 q, vec3 colour) {
    float kind = params[1].w;
    vec3 other = params[2].rgb;
    vec2 flat_ = vec2(q.x, q.y - .55 * q.z);   // depth counts too, or patterns smear over the shoulders
    float soft = .04 + 2. * max(fwidth(q.x), fwidth(q.y));
    if (kind == 1.) { float t = abs(fract(q.y * 2.1 + .1 * q.x) - .5) * 2.; return mix(colour, other, smoothstep(.5 - soft * 2., .5 + soft * 2., t)); }
    if (kind == 2.) {
        float a = step(.5, fract(q.x * 2.6)), b = step(.5, fract(q.y * 2.6));
        vec3 c = mix(colour, other, .38 * a + .38 * b);
        return mix(c, params[1].rgb, .35 * (1. - smoothstep(.02, .05, abs(fract(q.x * 2.6 + .25) - .5))) + .35 * (1. - smoothstep(.02, .05, abs(fract(q.y * 2.6 + .25) - .5))));
    }
    if (kind == 3.) return mix(colour, other, .5 * (1. - smoothstep(.03, .03 + soft * 3., abs(fract(q.x * 5.) - .5))));
    if (kind == 4.) { vec2 g = flat_ * 4.2; g.x += .5 * mod(floor(g.y), 2.); return mix(colour, other, 1. - smoothstep(.20, .20 + soft * 4., length(fract(g) - .5))); }
    if (kind == 5.) {   // scattered flowers: five petals round a heart, leaves between
        vec2 g = flat_ * 3.6, cell = floor(g), f = fract(g) - .5;
        float pick = hash(vec3(cell, seed));
        f -= .22 * vec2(cos(pick * 40.), sin(pick * 70.));
        float r = length(f), a = atan(f.y, f.x) + pick * 6.;
        vec3 c = mix(colour, params[1].rgb, .45 * smoothstep(.66, .72, noise(q * 12. + seed)));
        c = mix(c, mix(other, params[1].rgb, step(.6, pick)), smoothstep(.03, -.03, r - .20 - .10 * cos(5. * a)) * step(.25, pick));
        return mix(c, vec3(.5, .32, .05), smoothstep(.07, .05, r) * step(.25, pick));
    }
    return colour;
}

void surface(inout Surface s) {
    vec3 q = s.rest;
    float kind = params[0].w, weave = params[2].w, folds = params[3].x, knit = params[3].z;
    float d = hem(q, s.aux.x), detail = 1. - smoothstep(.006, .03, s.footprint);
    vec3 colour = patterned(q, params[0].rgb);
    if (kind == JACKET && q.z > .2) {           // lapels
        float front = smoothstep(.78, .62, abs(q.x)) * smoothstep(3.9, 4.3, q.y);
        float lapel = smoothstep(.34, .30, d) * front;
        colour = mix(colour, colour * 1.12 + .004, lapel);
        s.occlusion *= 1. - .6 * smoothstep(.30, .33, d) * smoothstep(.39, .35, d) * front;
        s.normal = normalize(s.normal + vec3(-sign(q.x) * .35, .1, .1) * smoothstep(.22, .32, d) * smoothstep(.345, .325, d) * front);
    }
    if (kind != PIECE) s.occlusion *= mix(.72, 1., smoothstep(0., .10, d));
    if (params[3].y > .5 && abs(q.x) < .12 && q.z > .3) {   // placket and buttons
        colour *= 1. - .16 * smoothstep(.016, .004, abs(abs(q.x) - .095));
        vec2 b = vec2(q.x, (fract(q.y * 1.7) - .5) / 1.7);
        colour = mix(colour, vec3(.55), smoothstep(.036, .028, length(b)));
        colour *= 1. - .4 * smoothstep(.008, .0, abs(length(b) - .036));
    }
    if (kind == CREW || kind == VEE) colour *= 1. - .14 * smoothstep(.012, .002, abs(d - .15)) * (1. - knit);
    // Folds: broad and few, running down and out from the armpits; crumples only in thin cloth.
    float h0, e = .03;
    vec3 warp = vec3(0, .6 * noise(q * 1.3 + seed), 0), scale = vec3(2.6, 1.0, 2.0), g;
    #define FOLD(p) (noise((p) * scale + warp + seed) + .45 * noise((p).yxz * vec3(2.2, 3.4, 2.) + seed + 9.))
    h0 = FOLD(q);
    g = vec3(FOLD(q + vec3(e, 0, 0)), FOLD(q + vec3(0, e, 0)), FOLD(q + vec3(0, 0, e))) - h0;
    s.normal = perturb(s.normal, g / e * .17 * folds * (kind == PIECE ? .25 : 1.));
    colour *= .88 + .18 * h0;
    // Weave or knit.
    float rows = knit > 0. ? sin(q.y * 95.) * sin(q.x * 60. + 2. * sin(q.y * 47.)) : sin((q.x + q.y) * 170.) * sin((q.x - q.y) * 170.);
    colour *= 1. + (.10 * knit + .05 * weave) * rows * detail + .10 * (noise(q * 60.) - .5) * weave;
    if (kind == PIECE && knit > 0.) colour *= 1. - .22 * knit * smoothstep(.2, 1., sin(s.aux.y * 62.));
    s.albedo = colour;
    s.roughness = mix(.62, .85, weave);
    s.reflectance = .03;
    s.shine = .45;
    s.sheen = .35 + .5 * knit;
}
